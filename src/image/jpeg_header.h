/* SPDX-License-Identifier: MIT */
/* A JPEG's markers from the first to EOI, read without decoding: is it whole, what will it cost? */
#ifndef MISREAD_IMAGE_JPEG_HEADER_H
#define MISREAD_IMAGE_JPEG_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/sandbox.h>

#define MR_JPEG_MAX_SCANS      100
#define MR_JPEG_MAX_COMPONENTS 4

struct mr_jpeg_component {
    int id, h_samp, v_samp;
    /* For each coefficient how many low bits are still missing; -1: not seen yet. */
    signed char missing_bits[64];
};

struct mr_jpeg_header {
    int w, h, n_components, n_scans, orientation;
    bool is_progressive;
    bool has_partial_scans; /* the first scan does not hold all components */
    struct mr_jpeg_component components[MR_JPEG_MAX_COMPONENTS];
};

/* Walks all markers of call->in. Refuses what is cut short, has no image, or is of a kind not read
 * here. */
enum mr_status mr_jpeg_header_read(struct mr_jpeg_header *header, struct mr_sandbox_call *call);
/* Samples of all components, padded to whole MCUs. */
uint64_t mr_jpeg_header_n_samples(const struct mr_jpeg_header *header);

#endif
