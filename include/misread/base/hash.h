/* SPDX-License-Identifier: MIT */
/* Content hashes (SHA-256 by libmd). */
#ifndef MISREAD_BASE_HASH_H
#define MISREAD_BASE_HASH_H

#include <stddef.h>

#define MR_SHA256_HEX 65

/* Lower-case hexadecimal with terminator. */
void mr_hash_sha256(const void *data, size_t n_bytes, char out[MR_SHA256_HEX]);

#endif
