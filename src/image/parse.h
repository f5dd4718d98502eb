/* SPDX-License-Identifier: MIT */
/*
 * Inside a decoder: what the formats share. Everything here may run under strict seccomp: it
 * computes and allocates, and makes no system call.
 *
 * The answer of a parser: out holds (h, w, 3) as stored in the file, values say how to turn it.
 */
#ifndef MISREAD_IMAGE_PARSE_H
#define MISREAD_IMAGE_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include <misread/base/sandbox.h>

/* Indices of mr_sandbox_call.values. */
enum { MR_PARSE_W, MR_PARSE_H, MR_PARSE_ORIENTATION };

/* What one decode may take, its output included; and the heap of a decoder, with slack for
 * fragments. */
#define MR_PARSE_MAX_MEMORY ((uint64_t)300 << 20)
#define MR_PARSE_HEAP       ((size_t)320 << 20)

/* Writes the sentence and returns status. */
enum mr_status mr_parse_fail(struct mr_sandbox_call *call, enum mr_status status, const char *fmt,
                             ...) MR_PRINTF(3, 4);
/* Checks the size against the limits, and the heap that the decode is going to need on top of its
 * output. Fills values (orientation 1) and n_out. */
enum mr_status mr_parse_size(struct mr_sandbox_call *call, uint64_t w, uint64_t h, uint64_t heap);

/* n pixels of 1 to 4 channels (grey, grey + alpha, RGB, RGB + alpha) to RGB, composited on black.
 */
void mr_parse_to_rgb(unsigned char *rgb, const unsigned char *pixels, size_t n, int n_channels);

/* EXIF orientation of a TIFF structure (tag 0x0112 of IFD0): 1 .. 8, and 1 if absent or malformed.
 */
int mr_exif_orientation(const unsigned char *tiff, size_t n);

/* Decoders of one format each. data is call->in. */
enum mr_status mr_decode_jpeg(struct mr_sandbox_call *call);
enum mr_status mr_decode_png(struct mr_sandbox_call *call);
enum mr_status mr_decode_bmp(struct mr_sandbox_call *call);
enum mr_status mr_decode_pnm(struct mr_sandbox_call *call);

#endif
