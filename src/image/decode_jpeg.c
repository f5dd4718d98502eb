/* SPDX-License-Identifier: MIT */
/* JPEG by libjpeg-turbo. Its warnings (premature end, bad codes) are refusals here. */
#include "parse.h"

#if MISREAD_TURBOJPEG
#include <stdlib.h>
#include <string.h>

#include <turbojpeg.h>

#include "jpeg_header.h"

#define MiB ((uint64_t)1 << 20)

/* What libjpeg allocates: rows of samples and tables, and all coefficients if they come in several
 * scans. */
static uint64_t predict_heap(const struct mr_jpeg_header *header)
{
    uint64_t n = (uint64_t)header->w * 300 + MiB;

    if (header->is_progressive || header->has_partial_scans)
        n += mr_jpeg_header_n_samples(header) * 2;
    if (header->n_components == 4)
        n += (uint64_t)header->w * (uint64_t)header->h * 4;
    return n;
}

/* CMYK is stored inverted by all who store it (Adobe). */
static void cmyk_to_rgb(unsigned char *rgb, const unsigned char *cmyk, size_t n)
{
    for (size_t i = 0; i < n; i++, rgb += 3, cmyk += 4)
        for (int c = 0; c < 3; c++)
            rgb[c] = (unsigned char)((cmyk[c] * cmyk[3] + 127) / 255);
}

static enum mr_status decompress(struct mr_sandbox_call *call, tjhandle turbo,
                                 const struct mr_jpeg_header *header, unsigned char *pixels,
                                 int format)
{
    int flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;

    if (tjDecompress2(turbo, call->in, (unsigned long)call->n_in, pixels, header->w, 0, header->h,
                      format, flags))
        return mr_parse_fail(call, MR_E_FORMAT, "the JPEG is damaged: %s", tjGetErrorStr2(turbo));
    return MR_OK;
}

static enum mr_status decompress_cmyk(struct mr_sandbox_call *call, tjhandle turbo,
                                      const struct mr_jpeg_header *header)
{
    size_t n = (size_t)header->w * (size_t)header->h;
    unsigned char *cmyk = malloc(n * 4);
    enum mr_status st;

    if (!cmyk)
        return mr_parse_fail(call, MR_E_NOMEM, "no memory for its %zu pixels", n);
    st = decompress(call, turbo, header, cmyk, TJPF_CMYK);
    if (!st)
        cmyk_to_rgb(call->out, cmyk, n);
    free(cmyk);
    return st;
}

enum mr_status mr_decode_jpeg(struct mr_sandbox_call *call)
{
    struct mr_jpeg_header header;
    tjhandle turbo;
    enum mr_status st = mr_jpeg_header_read(&header, call);

    if (!st)
        st = mr_parse_size(call, (uint64_t)header.w, (uint64_t)header.h, predict_heap(&header));
    if (st)
        return st;
    call->values[MR_PARSE_ORIENTATION] = header.orientation;
    turbo = tjInitDecompress();
    if (!turbo)
        return mr_parse_fail(call, MR_E_NOMEM, "no memory to decode a JPEG");
    st = header.n_components == 4 ? decompress_cmyk(call, turbo, &header)
                                  : decompress(call, turbo, &header, call->out, TJPF_RGB);
    tjDestroy(turbo);
    return st;
}
#else
/* Without libjpeg-turbo mr_decode_jpeg lives in decode_stb.c. */
typedef int mr_decode_jpeg_is_elsewhere;
#endif
