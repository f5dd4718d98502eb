/* SPDX-License-Identifier: MIT */
/* PNG specification (third edition), chapters 5 and 11: chunk layout, checksums, order, IHDR. */
#include "png_header.h"

#include <string.h>

#include <misread/base/crc32.h>

#include "parse.h"

static uint32_t read_32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

struct reader {
    struct mr_sandbox_call *call;
    struct mr_png_header *header;
    bool is_behind_data; /* a chunk has followed the IDATs */
    bool is_ended;
};

static enum mr_status damaged(struct reader *r, const char *what)
{
    return mr_parse_fail(r->call, MR_E_FORMAT, "the PNG is damaged: %s", what);
}

/* Bit depths allowed for each colour type, as a set of bits 1 << depth. */
static const unsigned allowed_depths[7] = {
    [0] = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16,
    [2] = 1u << 8 | 1u << 16,
    [3] = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8,
    [4] = 1u << 8 | 1u << 16,
    [6] = 1u << 8 | 1u << 16,
};

static enum mr_status read_ihdr(struct reader *r, const unsigned char *p, size_t n)
{
    struct mr_png_header *header = r->header;

    if (header->depth)
        return damaged(r, "a second IHDR");
    if (n != 13)
        return damaged(r, "an IHDR of the wrong length");
    header->w = read_32(p);
    header->h = read_32(p + 4);
    header->depth = p[8];
    header->color = p[9];
    header->is_interlaced = p[12] == 1;
    if (p[9] > 6 || p[8] > 16 || !(allowed_depths[p[9]] & 1u << p[8]))
        return damaged(r, "a colour type and bit depth that do not exist");
    if (p[10] || p[11] || p[12] > 1)
        return damaged(r, "a compression, filter or interlace method that does not exist");
    return MR_OK;
}

static enum mr_status read_plte(struct reader *r, const unsigned char *p, size_t n)
{
    if (r->header->n_data || !n || n > 768 || n % 3)
        return damaged(r, "a palette of the wrong length or place");
    r->header->has_palette = true;
    return MR_OK;
}

static enum mr_status read_idat(struct reader *r, const unsigned char *p, size_t n)
{
    if (r->is_behind_data)
        return damaged(r, "its data chunks are not together");
    if (r->header->color == 3 && !r->header->has_palette)
        return damaged(r, "its palette is missing");
    r->header->n_data += n;
    return MR_OK;
}

static enum mr_status read_iend(struct reader *r, const unsigned char *p, size_t n)
{
    if (!r->header->n_data)
        return damaged(r, "it has no data");
    r->is_ended = true;
    return MR_OK;
}

static enum mr_status read_trns(struct reader *r, const unsigned char *p, size_t n)
{
    r->header->has_transparency = true;
    return MR_OK;
}

static enum mr_status read_exif(struct reader *r, const unsigned char *p, size_t n)
{
    r->header->orientation = mr_exif_orientation(p, n);
    return MR_OK;
}

static const struct {
    char name[5];
    enum mr_status (*read)(struct reader *r, const unsigned char *p, size_t n);
} chunks[] = {
    {"IHDR", read_ihdr}, {"PLTE", read_plte}, {"IDAT", read_idat},
    {"IEND", read_iend}, {"tRNS", read_trns}, {"eXIf", read_exif},
};

static enum mr_status read_chunk(struct reader *r, const unsigned char *name,
                                 const unsigned char *p, size_t n)
{
    if (!r->header->depth && memcmp(name, "IHDR", 4))
        return damaged(r, "it does not begin with IHDR");
    if (r->header->n_data && memcmp(name, "IDAT", 4))
        r->is_behind_data = true;
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++)
        if (!memcmp(name, chunks[i].name, 4))
            return chunks[i].read(r, p, n);
    if (!(name[0] & 0x20))
        return damaged(r, "a chunk of an unknown kind that must be understood");
    return MR_OK;
}

enum mr_status mr_png_header_read(struct mr_png_header *header, struct mr_sandbox_call *call)
{
    struct reader r = {.call = call, .header = header};
    struct mr_crc32 table;
    size_t at = 8;

    *header = (struct mr_png_header){.orientation = 1};
    mr_crc32_init(&table);
    while (!r.is_ended) {
        const unsigned char *p = call->in + at;
        size_t left = call->n_in - at;
        enum mr_status st;
        size_t n;

        if (left < 12 || (n = read_32(p)) > left - 12)
            return mr_parse_fail(call, MR_E_FORMAT,
                                 "the PNG is cut short: its %zu bytes have no end chunk",
                                 call->n_in);
        if (mr_crc32_of(&table, p + 4, n + 4) != read_32(p + 8 + n))
            return mr_parse_fail(call, MR_E_FORMAT,
                                 "the PNG is damaged: wrong checksum of the chunk at byte %zu", at);
        st = read_chunk(&r, p + 4, p + 8, n);
        if (st)
            return st;
        at += n + 12;
    }
    return MR_OK;
}
