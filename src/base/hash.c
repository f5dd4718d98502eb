/* SPDX-License-Identifier: MIT */
/* The one door to libmd. */
#include <misread/base/hash.h>

#include <sys/types.h>

#include <sha2.h>

void mr_hash_sha256(const void *data, size_t n_bytes, char out[MR_SHA256_HEX])
{
    SHA256Data(data, n_bytes, out);
}
