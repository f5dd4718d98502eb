/* SPDX-License-Identifier: MIT */
/*
 * Where what lies in a cache file, and how it is known to be whole:
 *
 *   header, padded to a page
 *   block 0:  1024 entries, then as many slots of size * size * 3 bytes (rounded up to 64)
 *   block 1:  ... ; the last block ends behind its last slot
 */
#ifndef MISREAD_DATA_CACHE_LAYOUT_H
#define MISREAD_DATA_CACHE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/hash.h>
#include <misread/image/image.h>

struct mr_cache_header {
    char magic[8];
    uint16_t version, square; /* an enum mr_square */
    uint32_t size_px;
    uint64_t n_slots;
    uint64_t seal; /* of the fields above */
};

struct mr_cache_entry {
    char hash[MR_SHA256_HEX - 1]; /* of the file's content; hexadecimal, unterminated */
    uint32_t w, h;                /* px of the image itself */
    uint64_t seal;   /* of the fields above and the slot's number; 0: the slot is free */
    char unused[48]; /* a power of two: no entry lies across two pages, of which one may get lost */
};

_Static_assert(sizeof(struct mr_cache_entry) == 128, "entries fill pages");

/* Bytes of a slot, whose pixels are size_px a side. */
size_t mr_cache_slot_bytes(int size_px);
/* Offsets in the file. */
size_t mr_cache_entry_at(int size_px, int slot);
size_t mr_cache_slot_at(int size_px, int slot);
/* Bytes of a file of n_slots. */
size_t mr_cache_file_bytes(int size_px, int n_slots);

struct mr_cache_header mr_cache_header_make(int size_px, enum mr_square square, int n_slots);
/* False if it is damaged, or of another program, version, size or way of squaring. */
bool mr_cache_header_is_ours(const struct mr_cache_header *header, int size_px,
                             enum mr_square square);

bool mr_cache_entry_is_sealed(const struct mr_cache_entry *entry, int slot);
/* Seals the slot for the content of that hash, whose image has w x h pixels. */
void mr_cache_entry_seal(struct mr_cache_entry *entry, int slot, const char *hash, int w, int h);

#endif
