/* SPDX-License-Identifier: MIT */
/* The one fact of EXIF that changes what is seen: how the camera was held. */
#include <stdbool.h>

#include "parse.h"

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT      3

struct tiff {
    const unsigned char *p;
    size_t n;
    bool is_big_endian;
};

static unsigned read_16(const struct tiff *tiff, size_t at)
{
    const unsigned char *p = tiff->p + at;

    return tiff->is_big_endian ? (unsigned)(p[0] << 8 | p[1]) : (unsigned)(p[1] << 8 | p[0]);
}

static size_t read_32(const struct tiff *tiff, size_t at)
{
    size_t a = read_16(tiff, at), b = read_16(tiff, at + 2);

    return tiff->is_big_endian ? a << 16 | b : b << 16 | a;
}

int mr_exif_orientation(const unsigned char *tiff_data, size_t n)
{
    struct tiff tiff = {.p = tiff_data, .n = n};
    size_t ifd, n_entries;

    if (n < 8 || tiff.p[0] != tiff.p[1] || (tiff.p[0] != 'I' && tiff.p[0] != 'M'))
        return 1;
    tiff.is_big_endian = tiff.p[0] == 'M';
    ifd = read_32(&tiff, 4);
    if (read_16(&tiff, 2) != 42 || ifd < 8 || ifd > n - 2)
        return 1;
    n_entries = read_16(&tiff, ifd);
    for (size_t i = 0; i < n_entries; i++) {
        size_t at = ifd + 2 + 12 * i;
        unsigned value;

        if (at + 12 > n)
            return 1;
        if (read_16(&tiff, at) != TAG_ORIENTATION)
            continue;
        value = read_16(&tiff, at + 8);
        if (read_16(&tiff, at + 2) != TYPE_SHORT || read_32(&tiff, at + 4) != 1)
            return 1;
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}
