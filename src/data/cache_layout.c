/* SPDX-License-Identifier: MIT */
/* The cache file's arithmetic. */
#include "cache_layout.h"

#include <stdatomic.h>
#include <string.h>

#include <misread/base/rng.h>
#include <misread/data/cache.h>

#define HEADER_BYTES    ((size_t)4096)
#define SLOTS_PER_BLOCK 1024

static const char magic[8] = {'m', 'r', 'c', 'a', 'c', 'h', 'e', '\n'};

size_t mr_cache_slot_bytes(int size_px)
{
    return ((size_t)size_px * (size_t)size_px * 3 + 63) / 64 * 64;
}

static size_t block_at(int size_px, int block)
{
    size_t block_bytes =
        SLOTS_PER_BLOCK * (sizeof(struct mr_cache_entry) + mr_cache_slot_bytes(size_px));

    return HEADER_BYTES + (size_t)block * block_bytes;
}

size_t mr_cache_entry_at(int size_px, int slot)
{
    return block_at(size_px, slot / SLOTS_PER_BLOCK) +
           (size_t)(slot % SLOTS_PER_BLOCK) * sizeof(struct mr_cache_entry);
}

size_t mr_cache_slot_at(int size_px, int slot)
{
    return block_at(size_px, slot / SLOTS_PER_BLOCK) +
           SLOTS_PER_BLOCK * sizeof(struct mr_cache_entry) +
           (size_t)(slot % SLOTS_PER_BLOCK) * mr_cache_slot_bytes(size_px);
}

size_t mr_cache_file_bytes(int size_px, int n_slots)
{
    return n_slots ? mr_cache_slot_at(size_px, n_slots - 1) + mr_cache_slot_bytes(size_px)
                   : HEADER_BYTES;
}

static uint64_t header_seal(const struct mr_cache_header *header)
{
    return mr_hash_mix(mr_hash_fnv(header, offsetof(struct mr_cache_header, seal)));
}

struct mr_cache_header mr_cache_header_make(int size_px, enum mr_square square, int n_slots)
{
    struct mr_cache_header header = {.version = MR_CACHE_PIXELS,
                                     .square = (uint16_t)square,
                                     .size_px = (uint32_t)size_px,
                                     .n_slots = (uint64_t)n_slots};

    memcpy(header.magic, magic, sizeof magic);
    header.seal = header_seal(&header);
    return header;
}

bool mr_cache_header_is_ours(const struct mr_cache_header *header, int size_px,
                             enum mr_square square)
{
    return !memcmp(header->magic, magic, sizeof magic) && header->version == MR_CACHE_PIXELS &&
           header->square == (uint16_t)square && header->size_px == (uint32_t)size_px &&
           header->seal == header_seal(header) && header->n_slots <= INT32_MAX;
}

static uint64_t entry_seal(const struct mr_cache_entry *entry, int slot)
{
    return mr_hash_mix(mr_hash_fnv(entry, offsetof(struct mr_cache_entry, seal)) + (uint64_t)slot) |
           1;
}

bool mr_cache_entry_is_sealed(const struct mr_cache_entry *entry, int slot)
{
    return entry->seal && entry->seal == entry_seal(entry, slot);
}

void mr_cache_entry_seal(struct mr_cache_entry *entry, int slot, const char *hash, int w, int h)
{
    memset(entry->hash, 0, sizeof entry->hash);
    memcpy(entry->hash, hash, strnlen(hash, sizeof entry->hash));
    entry->w = (uint32_t)w;
    entry->h = (uint32_t)h;
    atomic_thread_fence(memory_order_release); /* whoever dies here leaves the slot free */
    entry->seal = entry_seal(entry, slot);
}
