/* SPDX-License-Identifier: MIT */
/* Files like those of torch.save, made by hand: pickles from pieces, archives of stored parts. */
#ifndef MISREAD_TESTS_TORCH_FILE_H
#define MISREAD_TESTS_TORCH_FILE_H

#include <misread/base/crc32.h>

#include "support.h"

/* ---- growing bytes ---- */

struct bytes {
    unsigned char *data; /* owned */
    size_t n, cap;
};

static inline void add(struct bytes *b, const void *data, size_t n)
{
    if (b->cap < b->n + n + 1)
        b->data = realloc(b->data, b->cap = 2 * (b->n + n + 1));
    if (n)
        memcpy(b->data + b->n, data, n);
    b->n += n;
}

static inline void add_le(struct bytes *b, uint64_t value, size_t n)
{
    add(b, &value, n);
}

/* ---- pickles, of string literals that may hold NULs ---- */

#define P(bytes, literal) add(bytes, literal, sizeof(literal) - 1)

#define PROTO     "\x80\x02"
#define DICT      "ccollections\nOrderedDict\n)R"
#define REBUILD   "ctorch._utils\n_rebuild_tensor_v2\n"
#define PARAMETER "ctorch._utils\n_rebuild_parameter\n"
#define FLOATS    "ctorch\nFloatStorage\n"
#define HOOKS     "\x89" DICT
#define STORAGE   "X\x07\0\0\0storage"
#define KEY_0     \
    "X\x01\0\0\0" \
    "0"
#define CPU       \
    "X\x03\0\0\0" \
    "cpu"
#define NAME_A    \
    "X\x01\0\0\0" \
    "a"
#define NAME_B    \
    "X\x01\0\0\0" \
    "b"
/* A tensor of 4 floats in data/0. */
#define STORED(n)                     "(" STORAGE FLOATS KEY_0 CPU "K" n "tQ"
#define VIEW(n, offset, size, stride) REBUILD "(" STORED(n) "K" offset size stride HOOKS "tR"
#define TENSOR                        VIEW("\x04", "\0", "K\x04\x85", "K\x01\x85")
#define STATE(value)                  PROTO DICT "(" NAME_A value "u."

/* ---- archives ---- */

struct part {
    const char *name;
    const void *data;
    size_t n;
};

/* What is wrong with an archive; all zero: nothing. */
struct wrongs {
    int method, flags;
    size_t n_packed_more; /* the packed size is bigger than the whole one */
    int crc;              /* is added */
    int back;             /* the second part's header is said to be so much earlier */
    int n_entries;        /* is added */
    const char *comment;
};

static inline struct bytes make_zip(const struct part *parts, size_t n_parts, struct wrongs w)
{
    struct bytes zip = {0}, central = {0};
    struct mr_crc32 table;
    size_t n_comment = w.comment ? strlen(w.comment) : 0, at;

    mr_crc32_init(&table);
    for (size_t i = 0; i < n_parts; i++) {
        size_t n_name = strlen(parts[i].name), header = zip.n;
        uint32_t crc = mr_crc32_of(&table, parts[i].data, parts[i].n) + (uint32_t)w.crc;

        add_le(&zip, 0x04034b50, 4);
        add_le(&zip, 0, 2);
        add_le(&zip, (uint64_t)w.flags, 2);
        add_le(&zip, (uint64_t)w.method, 2);
        add_le(&zip, 0, 8); /* no sizes, as torch writes it */
        add_le(&zip, 0, 8);
        add_le(&zip, n_name, 2);
        add_le(&zip, 0, 2);
        add(&zip, parts[i].name, n_name);
        add(&zip, parts[i].data, parts[i].n);

        add_le(&central, 0x02014b50, 4);
        add_le(&central, 0, 4);
        add_le(&central, (uint64_t)w.flags, 2);
        add_le(&central, (uint64_t)w.method, 2);
        add_le(&central, 0, 4);
        add_le(&central, crc, 4);
        add_le(&central, parts[i].n + w.n_packed_more, 4);
        add_le(&central, parts[i].n, 4);
        add_le(&central, n_name, 2);
        add_le(&central, 0, 8);
        add_le(&central, 0, 4);
        add_le(&central, header - (i == 1 ? (size_t)w.back : 0), 4);
        add(&central, parts[i].name, n_name);
    }
    at = zip.n;
    add(&zip, central.data, central.n);
    add_le(&zip, 0x06054b50, 4);
    add_le(&zip, 0, 4);
    add_le(&zip, n_parts + (size_t)w.n_entries, 2);
    add_le(&zip, n_parts + (size_t)w.n_entries, 2);
    add_le(&zip, central.n, 4);
    add_le(&zip, at, 4);
    add_le(&zip, n_comment, 2);
    add(&zip, w.comment, n_comment);
    free(central.data);
    return zip;
}

static const float four_floats[4] = {1.5f, -2, 3, 4};

/* A pickle and four floats. */
static inline struct bytes make_torch_file(const void *pickle, size_t n)
{
    const struct part parts[] = {{"w/data.pkl", pickle, n},
                                 {"w/byteorder", "little", 6},
                                 {"w/data/0", four_floats, sizeof four_floats},
                                 {"w/version", "3\n", 2}};

    return make_zip(parts, 4, (struct wrongs){0});
}

#endif
