/* SPDX-License-Identifier: MIT */
/* A PNG's chunks from IHDR to IEND with their checksums, read without decoding. */
#ifndef MISREAD_IMAGE_PNG_HEADER_H
#define MISREAD_IMAGE_PNG_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/sandbox.h>

struct mr_png_header {
    uint32_t w, h;
    int depth, color, orientation;
    bool is_interlaced;
    bool has_palette, has_transparency;
    size_t n_data; /* bytes of all IDAT chunks */
};

/* Walks all chunks of call->in. Refuses what is cut short, has a wrong checksum or breaks the
 * order. */
enum mr_status mr_png_header_read(struct mr_png_header *header, struct mr_sandbox_call *call);

#endif
