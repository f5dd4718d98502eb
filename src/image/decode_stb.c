/* SPDX-License-Identifier: MIT */
/*
 * PNG and BMP by stb_image, and JPEG in a build without libjpeg-turbo. stb_image fills up what is
 * missing and checks no sum, so whether a file is whole is checked here and in the header readers
 * before it runs.
 */
#include "parse.h"

#include <stdlib.h>
#include <string.h>

#include <misread/image/decode.h>

#include "jpeg_header.h"
#include "png_header.h"

#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#if !MISREAD_TURBOJPEG
#define STBI_ONLY_JPEG
#endif
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS MR_IMAGE_MAX_SIDE
#define STBI_ASSERT(x)      ((void)(x)) /* a damaged file must be refused, not abort */
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
/* The library's own code: statics that are not used here, and its own ideas of signs and shadows.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wundef"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <stb/stb_image.h>

/* Decodes call->in, whose size was checked, with the channels it has, and puts RGB into call->out.
 */
static enum mr_status decode(struct mr_sandbox_call *call, const char *kind)
{
    size_t n = (size_t)call->values[MR_PARSE_W] * (size_t)call->values[MR_PARSE_H];
    int w = 0, h = 0, n_channels = 0;
    stbi_uc *pixels =
        stbi_load_from_memory(call->in, (int)call->n_in, &w, &h, &n_channels, STBI_default);

    if (!pixels)
        return mr_parse_fail(call, MR_E_FORMAT, "the %s is damaged: %s", kind,
                             stbi_failure_reason());
    if (w != call->values[MR_PARSE_W] || h != call->values[MR_PARSE_H]) {
        stbi_image_free(pixels);
        return mr_parse_fail(call, MR_E_FORMAT, "the %s is damaged: two sizes in one file", kind);
    }
    mr_parse_to_rgb(call->out, pixels, n, n_channels);
    stbi_image_free(pixels);
    return MR_OK;
}

/* What stb_image allocates at its worst moment, step for step of its PNG reader. */
static uint64_t predict_png_heap(const struct mr_png_header *header)
{
    static const int n_channels_of[7] = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4};
    uint64_t w = header->w, h = header->h;
    uint64_t n_in = (uint64_t)n_channels_of[header->color];
    uint64_t n_out = n_in + (header->has_transparency && header->color != 3 ? 1 : 0);
    uint64_t n_bytes = header->depth == 16 ? 2 : 1;
    uint64_t raw = (w * (uint64_t)header->depth + 7) / 8 * h * n_in + h;
    uint64_t out = w * h * n_out * n_bytes;
    uint64_t expanded = header->color == 3 ? w * h * (header->has_transparency ? 4 : 3) : 0;
    uint64_t narrowed = header->depth == 16 ? w * h * n_out : 0;
    uint64_t passes = header->is_interlaced ? out / 2 : 0;
    uint64_t fill = 3 * (uint64_t)header->n_data + ((uint64_t)1 << 20);

    return fill + raw + out + expanded + narrowed + passes;
}

enum mr_status mr_decode_png(struct mr_sandbox_call *call)
{
    struct mr_png_header header;
    enum mr_status st = mr_png_header_read(&header, call);

    if (st)
        return st;
    /* bounded before the prediction multiplies */
    if (header.w > MR_IMAGE_MAX_SIDE || header.h > MR_IMAGE_MAX_SIDE)
        return mr_parse_size(call, header.w, header.h, 0);
    st = mr_parse_size(call, header.w, header.h, predict_png_heap(&header));
    if (st)
        return st;
    call->values[MR_PARSE_ORIENTATION] = header.orientation;
    return decode(call, "PNG");
}

static uint32_t read_16(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t read_32(const unsigned char *p)
{
    return read_16(p) | read_16(p + 2) << 16;
}

struct bmp_header {
    uint64_t w, h, n_bits, offset;
    uint32_t compression;
};

static enum mr_status read_bmp_header(struct bmp_header *header, struct mr_sandbox_call *call)
{
    const unsigned char *p = call->in;
    uint32_t size;
    int32_t h;

    if (call->n_in < 54)
        return mr_parse_fail(call, MR_E_FORMAT, "the BMP is cut short: %zu bytes", call->n_in);
    size = read_32(p + 14);
    if (size != 40 && size != 56 && size != 108 && size != 124)
        return mr_parse_fail(call, MR_E_UNSUPPORTED, "it is a BMP of a version not read here");
    h = (int32_t)read_32(p + 22);
    header->offset = read_32(p + 10);
    header->w = read_32(p + 18);
    header->h = h < 0 ? (uint64_t) - (int64_t)h : (uint64_t)h; /* negative: top row first */
    header->n_bits = read_16(p + 28);
    header->compression = read_32(p + 30);
    return MR_OK;
}

enum mr_status mr_decode_bmp(struct mr_sandbox_call *call)
{
    struct bmp_header header = {0};
    enum mr_status st = read_bmp_header(&header, call);
    uint64_t stride;

    if (st)
        return st;
    if (header.compression != 0 && header.compression != 3)
        return mr_parse_fail(call, MR_E_UNSUPPORTED,
                             "it is a compressed BMP, which is not read here");
    if (header.w > MR_IMAGE_MAX_SIDE || header.h > MR_IMAGE_MAX_SIDE)
        return mr_parse_size(call, header.w, header.h, 0);
    st = mr_parse_size(call, header.w, header.h, header.w * header.h * 4 + 4096);
    if (st)
        return st;
    stride = (header.w * header.n_bits + 31) / 32 * 4;
    if (header.offset > call->n_in || stride * header.h > call->n_in - header.offset)
        return mr_parse_fail(call, MR_E_FORMAT,
                             "the BMP is cut short: %zu bytes, its header promises %llu",
                             call->n_in, (unsigned long long)(header.offset + stride * header.h));
    return decode(call, "BMP");
}

#if !MISREAD_TURBOJPEG
enum mr_status mr_decode_jpeg(struct mr_sandbox_call *call)
{
    struct mr_jpeg_header header;
    enum mr_status st = mr_jpeg_header_read(&header, call);
    uint64_t heap;

    if (st)
        return st;
    /* samples, coefficients of 2 bytes if progressive, and its output of as many channels as it has
     */
    heap = mr_jpeg_header_n_samples(&header) * (header.is_progressive ? 3 : 1) +
           (uint64_t)header.w * (uint64_t)header.h * 3 + ((uint64_t)1 << 20);
    st = mr_parse_size(call, (uint64_t)header.w, (uint64_t)header.h, heap);
    if (st)
        return st;
    call->values[MR_PARSE_ORIENTATION] = header.orientation;
    return decode(call, "JPEG");
}
#endif
