/* SPDX-License-Identifier: MIT */
/* Binary PGM and PPM (netpbm's pgm(5), ppm(5)), any maximum up to 65535. The first image of the
 * file. */
#include "parse.h"

#include <stdbool.h>

struct reader {
    const unsigned char *data;
    size_t n, at;
};

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next number of the header, behind blanks and comments. */
static bool read_number(struct reader *r, uint32_t *number)
{
    uint32_t value = 0;
    size_t first;

    while (r->at < r->n && (is_space(r->data[r->at]) || r->data[r->at] == '#')) {
        if (r->data[r->at] == '#')
            while (r->at < r->n && r->data[r->at] != '\n')
                r->at++;
        else
            r->at++;
    }
    first = r->at;
    while (r->at < r->n && r->data[r->at] >= '0' && r->data[r->at] <= '9' && value < 100000000)
        value = value * 10 + (uint32_t)(r->data[r->at++] - '0');
    *number = value;
    return r->at > first && r->at < r->n;
}

static unsigned char scale(uint32_t value, uint32_t max)
{
    return (unsigned char)(value >= max ? 255 : (value * 255 + max / 2) / max);
}

/* n samples of 1 or 2 bytes, each to 8 bits and copied n_copies times. */
static void convert(unsigned char *out, const unsigned char *p, size_t n, uint32_t max,
                    int n_copies)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t value = max > 255 ? (uint32_t)p[2 * i] << 8 | p[2 * i + 1] : p[i];

        for (int k = 0; k < n_copies; k++)
            *out++ = scale(value, max);
    }
}

enum mr_status mr_decode_pnm(struct mr_sandbox_call *call)
{
    struct reader r = {.data = call->in, .n = call->n_in, .at = 2};
    bool is_grey = call->in[1] == '5';
    uint32_t w, h, max;
    enum mr_status st;
    size_t n;

    if (!read_number(&r, &w) || !read_number(&r, &h) || !read_number(&r, &max) ||
        !is_space(r.data[r.at]) || max < 1 || max > 65535)
        return mr_parse_fail(call, MR_E_FORMAT, "the PNM is damaged: its header makes no sense");
    st = mr_parse_size(call, w, h, 0);
    if (st)
        return st;
    r.at++; /* the one blank behind the header */
    n = (size_t)w * h * (is_grey ? 1 : 3);
    if (r.n - r.at < n * (max > 255 ? 2 : 1)) {
        call->n_out = 0;
        return mr_parse_fail(call, MR_E_FORMAT, "the PNM is cut short: %zu bytes of pixels",
                             r.n - r.at);
    }
    convert(call->out, r.data + r.at, n, max, is_grey ? 3 : 1);
    return MR_OK;
}
