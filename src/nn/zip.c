/* SPDX-License-Identifier: MIT */
/*
 * An archive from its end to its beginning:
 *
 *   local header, bytes (, descriptor); ...; central directory (, ZIP64 end, its locator), end
 *
 * torch.save writes descriptors, so a local header may hold no sizes: they are the central
 * directory's, and of the local header only what tells where the bytes begin is used.
 */
#include "zip.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/crc32.h>
#include <misread/base/sort.h>

#define ENTRIES_MAX    16384
#define ENTRY_NAME_MAX 512

#define N_LOCAL     30
#define N_CENTRAL   46
#define N_END       22
#define N_LOCATOR   20
#define N_END_64    56
#define LOCAL_SIG   0x04034b50u
#define CENTRAL_SIG 0x02014b50u
#define END_SIG     0x06054b50u
#define LOCATOR_SIG 0x07064b50u
#define END_64_SIG  0x06064b50u
#define EXTRA_64    1

#define SATURATED_16 0xffffu
#define SATURATED_32 0xffffffffu

struct parse {
    const unsigned char *data;
    size_t n;
    struct mr_error *err;
    size_t central, n_central; /* where the central directory is, and its bytes */
};

static enum mr_status refuse(const struct parse *p, const char *why)
{
    return mr_fail(p->err, MR_E_FORMAT, "%s", why);
}

static uint16_t read_16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t read_32(const unsigned char *p)
{
    return read_16(p) | (uint32_t)read_16(p + 2) << 16;
}

static uint64_t read_64(const unsigned char *p)
{
    return read_32(p) | (uint64_t)read_32(p + 4) << 32;
}

/* ---- the end ---- */

/* What the end says, in whichever width. */
struct end {
    uint64_t n_entries, n_here, n_central, central;
    size_t at; /* where the end begins, that of ZIP64 if there is one */
};

static bool agrees(uint64_t narrow, uint64_t saturated, uint64_t wide)
{
    return narrow == saturated || narrow == wide;
}

static bool read_end_64(const struct parse *p, struct end *end)
{
    const unsigned char *locator = p->data + end->at - N_LOCATOR, *wide;
    uint64_t at = read_64(locator + 8);
    struct end found;

    if (read_32(locator + 4) || read_32(locator + 16) > 1 || end->at < N_LOCATOR + N_END_64 ||
        at != end->at - N_LOCATOR - N_END_64)
        return false;
    wide = p->data + at;
    if (read_32(wide) != END_64_SIG || read_64(wide + 4) != N_END_64 - 12 || read_32(wide + 16) ||
        read_32(wide + 20))
        return false;
    found = (struct end){read_64(wide + 32), read_64(wide + 24), read_64(wide + 40),
                         read_64(wide + 48), (size_t)at};
    if (!agrees(end->n_entries, SATURATED_16, found.n_entries) ||
        !agrees(end->n_here, SATURATED_16, found.n_here) ||
        !agrees(end->n_central, SATURATED_32, found.n_central) ||
        !agrees(end->central, SATURATED_32, found.central))
        return false;
    *end = found;
    return true;
}

static enum mr_status find_central(struct parse *p, int *n_entries)
{
    const unsigned char *tail = p->n < N_END ? NULL : p->data + p->n - N_END;
    struct end end;

    if (!tail || read_32(tail) != END_SIG || read_16(tail + 20))
        return refuse(p, "its end is missing: it is cut short, or something was appended");
    if (read_16(tail + 4) || read_16(tail + 6))
        return refuse(p, "it is one of several parts");
    end = (struct end){read_16(tail + 10), read_16(tail + 8), read_32(tail + 12),
                       read_32(tail + 16), p->n - N_END};
    if (end.at >= N_LOCATOR && read_32(p->data + end.at - N_LOCATOR) == LOCATOR_SIG &&
        !read_end_64(p, &end))
        return refuse(p, "its two ends contradict each other");
    if (end.n_entries != end.n_here)
        return refuse(p, "it is one of several parts");
    if (end.n_entries > ENTRIES_MAX)
        return refuse(p, "it has too many parts");
    if (end.central > end.at || end.n_central != end.at - end.central)
        return refuse(p, "its list of parts is not where its end says");
    p->central = (size_t)end.central;
    p->n_central = (size_t)end.n_central;
    *n_entries = (int)end.n_entries;
    return MR_OK;
}

/* ---- the central directory ---- */

/* Replaces what is saturated by the next number of the ZIP64 field. */
static bool widen(uint64_t *value, const unsigned char **field, size_t *left)
{
    if (*value != SATURATED_32)
        return true;
    if (*left < 8)
        return false;
    *value = read_64(*field);
    *field += 8;
    *left -= 8;
    return true;
}

/* Sizes and place, with the ZIP64 field among the n bytes of extras. */
static bool widen_all(uint64_t *n_whole, uint64_t *n_packed, uint64_t *header,
                      const unsigned char *extra, size_t n)
{
    while (n >= 4 && read_16(extra) != EXTRA_64) {
        size_t size = read_16(extra + 2);

        if (size > n - 4)
            return false;
        extra += 4 + size;
        n -= 4 + size;
    }
    if (n >= 4) {
        size_t size = read_16(extra + 2);

        if (size > n - 4)
            return false;
        extra += 4;
        n = size;
    } else {
        n = 0;
    }
    return widen(n_whole, &extra, &n) && widen(n_packed, &extra, &n) && widen(header, &extra, &n);
}

/* Of the local header only its lengths count, and it must be that of this name. */
static bool read_local(const struct parse *p, struct mr_zip_entry *entry)
{
    const unsigned char *local = p->data + entry->header;
    size_t room = p->central - entry->header, n_before;

    if (room < N_LOCAL || read_32(local) != LOCAL_SIG)
        return false;
    n_before = N_LOCAL + (size_t)read_16(local + 26) + read_16(local + 28);
    if (n_before > room || entry->n > room - n_before || read_16(local + 8) ||
        read_16(local + 26) != entry->n_name ||
        memcmp(local + N_LOCAL, entry->name, entry->n_name) != 0)
        return false;
    entry->begin = entry->header + n_before;
    return true;
}

/* The entry at *at, which moves on. */
static enum mr_status read_entry(const struct parse *p, struct mr_zip_entry *entry, size_t *at)
{
    const unsigned char *c = p->data + *at;
    size_t left = p->central + p->n_central - *at, n_extra, n_all;
    uint64_t n_whole, n_packed, header;

    if (left < N_CENTRAL || read_32(c) != CENTRAL_SIG)
        return refuse(p, "its list of parts is damaged");
    entry->n_name = read_16(c + 28);
    n_extra = read_16(c + 30);
    n_all = N_CENTRAL + entry->n_name + n_extra + read_16(c + 32);
    if (n_all > left || !entry->n_name || entry->n_name > ENTRY_NAME_MAX || read_16(c + 34))
        return refuse(p, "its list of parts is damaged");
    if (read_16(c + 10) || read_16(c + 8) & 1)
        return refuse(p, "a part of it is compressed or encrypted, which torch.save never does");
    entry->name = c + N_CENTRAL;
    entry->crc = read_32(c + 16);
    n_packed = read_32(c + 20);
    n_whole = read_32(c + 24);
    header = read_32(c + 42);
    if (!widen_all(&n_whole, &n_packed, &header, entry->name + entry->n_name, n_extra) ||
        n_whole != n_packed)
        return refuse(p, "the size of a part is damaged");
    if (header > p->central || n_whole > p->central)
        return refuse(p, "a part lies outside the file");
    entry->header = (size_t)header;
    entry->n = (size_t)n_whole;
    if (!read_local(p, entry))
        return refuse(p, "a part is not what the list of parts says");
    *at += n_all;
    return MR_OK;
}

/* ---- the whole ---- */

static int compare_texts(const unsigned char *a, size_t n_a, const unsigned char *b, size_t n_b)
{
    int order = memcmp(a, b, n_a < n_b ? n_a : n_b);

    return order ? order : (n_a > n_b) - (n_a < n_b);
}

static int compare_names(const void *a, const void *b)
{
    const struct mr_zip_entry *s = a, *t = b;

    return compare_texts(s->name, s->n_name, t->name, t->n_name);
}

static int compare_places(const void *a, const void *b)
{
    const struct mr_zip_entry *s = a, *t = b;

    return (s->header > t->header) - (s->header < t->header);
}

static enum mr_status check_entries(const struct parse *p, struct mr_zip *zip)
{
    struct mr_crc32 table;
    size_t end = 0;

    mr_sort(zip->entries, (size_t)zip->n_entries, sizeof *zip->entries, compare_places);
    mr_crc32_init(&table);
    for (int i = 0; i < zip->n_entries; i++) {
        const struct mr_zip_entry *e = &zip->entries[i];

        if (e->header < end)
            return refuse(p, "two of its parts overlap");
        end = e->begin + e->n;
        if (mr_crc32_of(&table, p->data + e->begin, e->n) != e->crc)
            return refuse(p, "it is damaged: the checksum of a part is wrong");
    }
    mr_sort(zip->entries, (size_t)zip->n_entries, sizeof *zip->entries, compare_names);
    for (int i = 1; i < zip->n_entries; i++)
        if (!compare_names(&zip->entries[i - 1], &zip->entries[i]))
            return refuse(p, "two of its parts have one name");
    return MR_OK;
}

static enum mr_status read_entries(const struct parse *p, struct mr_zip *zip)
{
    size_t at = p->central;

    for (int i = 0; i < zip->n_entries; i++) {
        enum mr_status st = read_entry(p, &zip->entries[i], &at);

        if (st)
            return st;
    }
    if (at != p->central + p->n_central)
        return refuse(p, "its list of parts is damaged");
    return check_entries(p, zip);
}

enum mr_status mr_zip_parse(struct mr_zip *zip, const unsigned char *data, size_t n,
                            struct mr_error *err)
{
    struct parse p = {.data = data, .n = n, .err = err};
    struct mr_zip found = {0};
    enum mr_status st = find_central(&p, &found.n_entries);

    if (st)
        return st;
    found.entries = mr_xalloc((size_t)found.n_entries, sizeof *found.entries);
    st = read_entries(&p, &found);
    if (st)
        mr_zip_finish(&found);
    else
        *zip = found;
    return st;
}

void mr_zip_finish(struct mr_zip *zip)
{
    free(zip->entries);
    *zip = (struct mr_zip){0};
}

const struct mr_zip_entry *mr_zip_find(const struct mr_zip *zip, const char *name)
{
    size_t lo = 0, hi = (size_t)zip->n_entries;

    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        const struct mr_zip_entry *e = &zip->entries[middle];
        int order = compare_texts((const unsigned char *)name, strlen(name), e->name, e->n_name);

        if (!order)
            return e;
        if (order < 0)
            hi = middle;
        else
            lo = middle + 1;
    }
    return NULL;
}
