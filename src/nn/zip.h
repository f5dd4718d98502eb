/* SPDX-License-Identifier: MIT */
/* The directory of a zip archive in which nothing is compressed (APPNOTE.TXT 6.3, ZIP64 included):
 * a pure function of the bytes. */
#ifndef MISREAD_NN_ZIP_H
#define MISREAD_NN_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_zip_entry {
    const unsigned char *name; /* borrowed from the archive; not terminated */
    size_t n_name;
    size_t header; /* where its local header begins */
    size_t begin;  /* and its bytes */
    size_t n;
    uint32_t crc;
};

struct mr_zip {
    struct mr_zip_entry *entries; /* owned; by name */
    int n_entries;
};

/*
 * Parses the n bytes of a whole archive: one disk, no comment, the central directory right before
 * its end, method 0, no encryption, no name twice, no overlap, every CRC-32 right. Sizes are the
 * central directory's. The sentence of a refusal is only the reason.
 */
enum mr_status mr_zip_parse(struct mr_zip *zip, const unsigned char *data, size_t n,
                            struct mr_error *err) MR_NODISCARD;
void mr_zip_finish(struct mr_zip *zip);
/* NULL if absent. */
const struct mr_zip_entry *mr_zip_find(const struct mr_zip *zip, const char *name);

#endif
