/* SPDX-License-Identifier: MIT */
/* CRC-32 as PNG and zip use it (ISO 3309), eight bytes at a time (Kounavis and Berry 2005). Makes
 * no system call. */
#ifndef MISREAD_BASE_CRC32_H
#define MISREAD_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* [k][b] is byte b followed by k zero bytes. Filled by mr_crc32_init, on the caller's stack. */
struct mr_crc32 {
    uint32_t at[8][256];
};

void mr_crc32_init(struct mr_crc32 *table);
uint32_t mr_crc32_of(const struct mr_crc32 *table, const void *data, size_t n);

#endif
