/* SPDX-License-Identifier: MIT */
/* Inside a decoder: which format is it, and is it one that is read? */
#include "parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <misread/image/decode.h>

enum mr_status mr_parse_fail(struct mr_sandbox_call *call, enum mr_status status, const char *fmt,
                             ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(call->message, sizeof call->message, fmt, ap);
    va_end(ap);
    return status;
}

enum mr_status mr_parse_size(struct mr_sandbox_call *call, uint64_t w, uint64_t h, uint64_t heap)
{
    if (!w || !h)
        return mr_parse_fail(call, MR_E_FORMAT, "the image has no pixels");
    if (w > MR_IMAGE_MAX_SIDE || h > MR_IMAGE_MAX_SIDE || w * h > MR_IMAGE_MAX_PIXELS)
        return mr_parse_fail(
            call, MR_E_LIMIT,
            "its %llu x %llu pixels are over the limit of %d a side and %zu in all",
            (unsigned long long)w, (unsigned long long)h, MR_IMAGE_MAX_SIDE, MR_IMAGE_MAX_PIXELS);
    if (w * h * 3 + heap > MR_PARSE_MAX_MEMORY || w * h * 3 > call->out_cap)
        return mr_parse_fail(call, MR_E_LIMIT,
                             "decoding it would take %llu MiB, more than the %llu allowed",
                             (unsigned long long)((w * h * 3 + heap) >> 20),
                             (unsigned long long)(MR_PARSE_MAX_MEMORY >> 20));
    call->values[MR_PARSE_W] = (int)w;
    call->values[MR_PARSE_H] = (int)h;
    call->values[MR_PARSE_ORIENTATION] = 1;
    call->n_out = w * h * 3;
    return MR_OK;
}

static unsigned char over_black(unsigned value, unsigned alpha)
{
    return (unsigned char)((value * alpha + 127) / 255);
}

void mr_parse_to_rgb(unsigned char *rgb, const unsigned char *pixels, size_t n, int n_channels)
{
    bool is_grey = n_channels < 3, has_alpha = n_channels == 2 || n_channels == 4;

    if (n_channels == 3) {
        memcpy(rgb, pixels, n * 3);
        return;
    }
    for (size_t i = 0; i < n; i++, pixels += n_channels, rgb += 3)
        for (int c = 0; c < 3; c++) {
            unsigned char value = pixels[is_grey ? 0 : c];

            rgb[c] = has_alpha ? over_black(value, pixels[n_channels - 1]) : value;
        }
}

/* Formats by their first bytes. decode NULL: refused by name. */
struct format {
    const char *name;
    unsigned at, n;
    const char *magic;
    enum mr_status (*decode)(struct mr_sandbox_call *call);
};

static const struct format formats[] = {
    {"JPEG", 0, 3, "\xff\xd8\xff", mr_decode_jpeg},
    {"PNG", 0, 8, "\x89PNG\r\n\x1a\n", mr_decode_png},
    {"BMP", 0, 2, "BM", mr_decode_bmp},
    {"PGM", 0, 2, "P5", mr_decode_pnm},
    {"PPM", 0, 2, "P6", mr_decode_pnm},
    {"a TIFF image", 0, 4, "II*\0", NULL},
    {"a TIFF image", 0, 4, "MM\0*", NULL},
    {"a BigTIFF image", 0, 4, "II+\0", NULL},
    {"a BigTIFF image", 0, 4, "MM\0+", NULL},
    {"a GIF image", 0, 4, "GIF8", NULL},
    {"a WebP image", 8, 4, "WEBP", NULL},
    {"a DICOM file", 128, 4, "DICM", NULL},
    {"an AVIF or HEIC image or a video", 4, 4, "ftyp", NULL},
    {"a JPEG 2000 image", 0, 12, "\0\0\0\x0cjP  \r\n\x87\n", NULL},
    {"a JPEG 2000 image", 0, 4, "\xff\x4f\xff\x51", NULL},
    {"a JPEG XL image", 0, 2, "\xff\x0a", NULL},
    {"a JPEG XL image", 0, 8, "\0\0\0\x0cJXL ", NULL},
    {"a Photoshop file", 0, 4, "8BPS", NULL},
    {"an OpenEXR image", 0, 4, "\x76\x2f\x31\x01", NULL},
    {"a NIfTI volume", 344, 4, "n+1\0", NULL},
    {"a NIfTI volume", 344, 4, "ni1\0", NULL},
    {"a NumPy array", 0, 6, "\x93NUMPY", NULL},
    {"an HDF5 file", 0, 8, "\x89HDF\r\n\x1a\n", NULL},
    {"an icon", 0, 4, "\0\0\1\0", NULL},
    {"a PDF document", 0, 5, "%PDF-", NULL},
    {"a zip archive", 0, 4, "PK\3\4", NULL},
    {"a gzip archive", 0, 2, "\x1f\x8b", NULL},
    {"a RAR archive", 0, 4, "Rar!", NULL},
    {"a 7-Zip archive", 0, 6, "7z\xbc\xaf\x27\x1c", NULL},
    {"a PBM image", 0, 2, "P4", NULL},
    {"a plain-text PNM image", 0, 2, "P1", NULL},
    {"a plain-text PNM image", 0, 2, "P2", NULL},
    {"a plain-text PNM image", 0, 2, "P3", NULL},
    {"a PAM image", 0, 2, "P7", NULL},
    {"a program", 0, 4,
     "\x7f"
     "ELF",
     NULL},
    {"a pointer of Git LFS, not the image itself", 0, 19, "version https://git", NULL},
};

/* Text is told by its first word, whatever its case. */
static const struct {
    const char *name, *word;
} texts[] = {
    {"an HTML page", "<!doctype html"}, {"an HTML page", "<html"}, {"an HTML page", "<head"},
    {"an SVG drawing", "<svg"},         {"an XML file", "<?xml"},  {"a JSON file", "{"},
};

static const struct format *find_format(const unsigned char *data, size_t n)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const struct format *f = &formats[i];

        if (n >= f->at + f->n && !memcmp(data + f->at, f->magic, f->n))
            return f;
    }
    return NULL;
}

static const char *find_text(const unsigned char *data, size_t n)
{
    size_t at = n >= 3 && !memcmp(data, "\xef\xbb\xbf", 3) ? 3 : 0; /* byte-order mark */

    while (at < n && strchr(" \t\r\n", data[at]) && data[at])
        at++;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t k = strlen(texts[i].word);

        if (n - at >= k && !strncasecmp((const char *)data + at, texts[i].word, k))
            return texts[i].name;
    }
    return NULL;
}

static bool is_all_zero(const unsigned char *data, size_t n)
{
    return data[0] == 0 && (n == 1 || !memcmp(data, data + 1, n - 1));
}

static enum mr_status parse(struct mr_sandbox_call *call)
{
    const struct format *format;
    const char *name;

    if (!call->n_in)
        return mr_parse_fail(call, MR_E_FORMAT, "the file is empty");
    format = find_format(call->in, call->n_in);
    if (format && format->decode)
        return format->decode(call);
    name = format ? format->name : find_text(call->in, call->n_in);
    if (name)
        return mr_parse_fail(call, MR_E_UNSUPPORTED,
                             "it is %s, which is not read here (JPEG, PNG, BMP and PNM are)", name);
    if (is_all_zero(call->in, call->n_in))
        return mr_parse_fail(call, MR_E_FORMAT, "all its bytes are zero");
    return mr_parse_fail(call, MR_E_UNSUPPORTED,
                         "it is no image of a known kind (JPEG, PNG, BMP and PNM are read)");
}

void mr_image_parse(struct mr_sandbox_call *call)
{
    call->status = parse(call);
    if (call->status)
        call->n_out = 0;
}
