/* SPDX-License-Identifier: MIT */
/*
 * ITU T.81 annex B, as far as it takes to know that a file is whole: decoders show grey for what is
 * missing, or the coarse scans of a progressive image as if they were all.
 */
#include "jpeg_header.h"

#include <string.h>

#include "parse.h"

enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP1 = 0xe1, DHT = 0xc4, JPG = 0xc8, DAC = 0xcc };

struct reader {
    struct mr_sandbox_call *call;
    struct mr_jpeg_header *header;
    const unsigned char *data;
    size_t n, at;
};

static enum mr_status cut_short(struct reader *r)
{
    return mr_parse_fail(r->call, MR_E_FORMAT,
                         "the JPEG is cut short: its %zu bytes have no end marker", r->n);
}

static enum mr_status damaged(struct reader *r, const char *what)
{
    return mr_parse_fail(r->call, MR_E_FORMAT, "the JPEG is damaged: %s at byte %zu", what, r->at);
}

static const char *refused_process(int marker)
{
    switch (marker) {
    case 0xc3:
        return "lossless JPEG";
    case 0xc9:
    case 0xca:
        return "arithmetic-coded JPEG";
    default:
        return "hierarchical or lossless JPEG";
    }
}

static enum mr_status read_frame(struct reader *r, int marker, const unsigned char *p, size_t n)
{
    struct mr_jpeg_header *header = r->header;

    if (marker > 0xc2)
        return mr_parse_fail(r->call, MR_E_UNSUPPORTED, "it is a %s, which is not read here",
                             refused_process(marker));
    if (header->n_components)
        return damaged(r, "a second frame");
    if (n < 6 || n < 6 + 3 * (size_t)p[5])
        return damaged(r, "a short frame header");
    if (p[0] != 8)
        return mr_parse_fail(r->call, MR_E_UNSUPPORTED,
                             "it is a JPEG of %d bits a sample, which is not read here", p[0]);
    if (p[5] != 1 && p[5] != 3 && p[5] != 4)
        return mr_parse_fail(r->call, MR_E_UNSUPPORTED,
                             "it is a JPEG of %d components, which is not read here", p[5]);
    header->is_progressive = marker == 0xc2;
    header->h = p[1] << 8 | p[2];
    header->w = p[3] << 8 | p[4];
    header->n_components = p[5];
    for (int i = 0; i < header->n_components; i++) {
        struct mr_jpeg_component *c = &header->components[i];

        c->id = p[6 + 3 * i];
        c->h_samp = p[7 + 3 * i] >> 4;
        c->v_samp = p[7 + 3 * i] & 15;
        memset(c->missing_bits, -1, sizeof c->missing_bits);
        if (c->h_samp < 1 || c->h_samp > 4 || c->v_samp < 1 || c->v_samp > 4)
            return damaged(r, "a sampling factor out of range");
    }
    return MR_OK;
}

static struct mr_jpeg_component *find_component(struct mr_jpeg_header *header, int id)
{
    for (int i = 0; i < header->n_components; i++)
        if (header->components[i].id == id)
            return &header->components[i];
    return NULL;
}

static enum mr_status read_scan(struct reader *r, const unsigned char *p, size_t n)
{
    struct mr_jpeg_header *header = r->header;
    int n_in_scan = n ? p[0] : 0;
    int first, last, low;

    if (!header->n_components)
        return damaged(r, "a scan before the frame header");
    if (n_in_scan < 1 || n_in_scan > 4 || n < 4 + 2 * (size_t)n_in_scan)
        return damaged(r, "a short scan header");
    if (++header->n_scans > MR_JPEG_MAX_SCANS)
        return mr_parse_fail(r->call, MR_E_LIMIT, "the JPEG has more than %d scans",
                             MR_JPEG_MAX_SCANS);
    if (header->n_scans == 1)
        header->has_partial_scans = n_in_scan < header->n_components;
    first = header->is_progressive ? p[1 + 2 * n_in_scan] : 0;
    last = header->is_progressive ? p[2 + 2 * n_in_scan] : 63;
    low = header->is_progressive ? p[3 + 2 * n_in_scan] & 15 : 0;
    if (first > last || last > 63)
        return damaged(r, "a scan of coefficients that do not exist");
    for (int i = 0; i < n_in_scan; i++) {
        struct mr_jpeg_component *c = find_component(header, p[1 + 2 * i]);

        if (!c)
            return damaged(r, "a scan of a component that does not exist");
        memset(c->missing_bits + first, low, (size_t)(last - first + 1));
    }
    return MR_OK;
}

/* A table has at most 256 codes; stb_image 2.27 writes behind its arrays if told of more. */
static enum mr_status read_huffman_tables(struct reader *r, const unsigned char *p, size_t n)
{
    while (n) {
        size_t n_codes = 0;

        for (size_t i = 1; i <= 16 && n >= 17; i++)
            n_codes += p[i];
        if (n < 17 || n_codes > 256 || n_codes > n - 17)
            return damaged(r, "a Huffman table that makes no sense");
        p += 17 + n_codes;
        n -= 17 + n_codes;
    }
    return MR_OK;
}

/* Leaves `at` on the 0xff of the next marker that is not part of the coded data. */
static void skip_coded_data(struct reader *r)
{
    while (r->at + 1 < r->n) {
        const unsigned char *ff = memchr(r->data + r->at, 0xff, r->n - 1 - r->at);

        if (!ff)
            break;
        r->at = (size_t)(ff - r->data);
        if (ff[1] != 0x00 && ff[1] != 0xff && (ff[1] < 0xd0 || ff[1] > 0xd7))
            return;
        r->at += ff[1] == 0xff ? 1 : 2;
    }
    r->at = r->n;
}

/* A coefficient that was begun must be finished; the constant one must be there. */
static enum mr_status check_whole(struct reader *r)
{
    const struct mr_jpeg_header *header = r->header;

    if (!header->n_scans)
        return damaged(r, "no image before the end");
    for (int i = 0; i < header->n_components; i++) {
        const signed char *missing = header->components[i].missing_bits;

        if (missing[0] != 0)
            return damaged(r, "scans are missing before the end");
        for (int k = 1; k < 64; k++)
            if (missing[k] > 0)
                return damaged(r, "refining scans are missing before the end");
    }
    return MR_OK;
}

static bool is_frame(int marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != DHT && marker != JPG && marker != DAC;
}

/* One segment with a length; `at` is behind its marker. */
static enum mr_status read_segment(struct reader *r, int marker)
{
    const unsigned char *p = r->data + r->at + 2;
    enum mr_status st = MR_OK;
    size_t n;

    if (r->n - r->at < 2)
        return cut_short(r);
    n = (size_t)(r->data[r->at] << 8 | r->data[r->at + 1]);
    if (n < 2)
        return damaged(r, "a segment without a length");
    if (n > r->n - r->at)
        return cut_short(r);
    if (is_frame(marker))
        st = read_frame(r, marker, p, n - 2);
    else if (marker == SOS)
        st = read_scan(r, p, n - 2);
    else if (marker == DHT)
        st = read_huffman_tables(r, p, n - 2);
    else if (marker == APP1 && n >= 8 && !memcmp(p, "Exif\0", 6) && r->header->orientation == 1)
        r->header->orientation = mr_exif_orientation(p + 6, n - 8);
    r->at += n;
    if (marker == SOS)
        skip_coded_data(r);
    return st;
}

enum mr_status mr_jpeg_header_read(struct mr_jpeg_header *header, struct mr_sandbox_call *call)
{
    struct reader r = {.call = call, .header = header, .data = call->in, .n = call->n_in, .at = 2};

    *header = (struct mr_jpeg_header){.orientation = 1};
    for (;;) {
        enum mr_status st;
        int marker;

        if (r.at >= r.n)
            return cut_short(&r);
        if (r.data[r.at] != 0xff)
            return damaged(&r, "no marker where one must be");
        while (r.at < r.n && r.data[r.at] == 0xff)
            r.at++;
        if (r.at >= r.n)
            return cut_short(&r);
        marker = r.data[r.at++];
        if (marker == EOI)
            return check_whole(&r);
        if (marker == 0 || marker == SOI)
            return damaged(&r, "a marker out of place");
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7))
            continue; /* these stand alone */
        st = read_segment(&r, marker);
        if (st)
            return st;
    }
}

uint64_t mr_jpeg_header_n_samples(const struct mr_jpeg_header *header)
{
    int h_max = 1, v_max = 1;
    uint64_t mcus_x, mcus_y, n = 0;

    for (int i = 0; i < header->n_components; i++) {
        const struct mr_jpeg_component *c = &header->components[i];

        h_max = c->h_samp > h_max ? c->h_samp : h_max;
        v_max = c->v_samp > v_max ? c->v_samp : v_max;
    }
    mcus_x = (uint64_t)(header->w + 8 * h_max - 1) / (uint64_t)(8 * h_max);
    mcus_y = (uint64_t)(header->h + 8 * v_max - 1) / (uint64_t)(8 * v_max);
    for (int i = 0; i < header->n_components; i++)
        n += mcus_x * mcus_y * 64 *
             (uint64_t)(header->components[i].h_samp * header->components[i].v_samp);
    return n;
}
