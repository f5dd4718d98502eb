/* SPDX-License-Identifier: MIT */
/*
 * From a file to pixels, always in a sandboxed decoder. Formats are told by content. JPEG and PNG
 * (BMP, PNM) are decoded; TIFF, WebP, GIF, DICOM and HTML are recognised and refused by name. EXIF
 * orientation is applied. A truncated or damaged file is refused with its reason, never half shown.
 */
#ifndef MISREAD_IMAGE_DECODE_H
#define MISREAD_IMAGE_DECODE_H

#include <stddef.h>

#include <misread/base/geometry.h>
#include <misread/base/sandbox.h>
#include <misread/base/status.h>
#include <misread/image/image.h>

struct mr_mask;

#define MR_IMAGE_MAX_BYTES  ((size_t)32 << 20)
#define MR_IMAGE_MAX_SIDE   16384
#define MR_IMAGE_MAX_PIXELS ((size_t)64 << 20)

/* The number of the image parser: a table that holds more parsers must keep it there. */
#define MR_IMAGE_PARSER 0
/* The parser itself: tells the format by content and decodes or refuses. */
void mr_image_parse(struct mr_sandbox_call *call);

/* Options for mr_sandbox_create that hold the image parser, with room for MR_IMAGE_MAX_PIXELS. In a
 * build with AddressSanitizer, ThreadSanitizer or MemorySanitizer in_process is set: their runtimes
 * make system calls. */
struct mr_sandbox_options mr_image_sandbox_options(int n_decoders);

/* Reads and decodes path. MR_E_FORMAT, MR_E_LIMIT, MR_E_UNSUPPORTED, MR_E_SANDBOX or MR_E_IO with a
 * sentence that names the file. Thread-safe. */
enum mr_status mr_image_load(struct mr_image **image, struct mr_sandbox *sandbox,
                             enum mr_sandbox_who who, const char *path,
                             struct mr_error *err) MR_NODISCARD;
/* The same, then mr_mask_apply (mask NULL: nothing) and mr_image_resize_square to side_px, straight
 * from what the decoder wrote: for who wants many squares and no image. *whole_px: the size of the
 * image. */
enum mr_status mr_image_load_square(struct mr_image **square, struct mr_size_px *whole_px,
                                    struct mr_sandbox *sandbox, const char *path, int side_px,
                                    enum mr_square how, const struct mr_mask *mask,
                                    struct mr_error *err) MR_NODISCARD;
/* As mr_image_load, from memory; name is for the sentence. */
enum mr_status mr_image_decode(struct mr_image **image, struct mr_sandbox *sandbox,
                               enum mr_sandbox_who who, const unsigned char *data, size_t n,
                               const char *name, struct mr_error *err) MR_NODISCARD;

#endif
