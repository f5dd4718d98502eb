/* SPDX-License-Identifier: MIT */
/* The header of a safetensors file, parsed and checked: a pure function of the bytes. */
#ifndef MISREAD_NN_SAFETENSORS_H
#define MISREAD_NN_SAFETENSORS_H

#include <stddef.h>

#include <misread/base/status.h>

struct mr_directory;

/*
 * Parses the n bytes of a whole file; only the header is read. Tensors come in the order of their
 * bytes. The sentence of a refusal is only the reason: who called knows the file. On failure
 * nothing is owned by the caller.
 */
enum mr_status mr_safetensors_parse(struct mr_directory *directory, const unsigned char *data,
                                    size_t n, struct mr_error *err) MR_NODISCARD;

#endif
