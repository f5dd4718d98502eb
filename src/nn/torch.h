/* SPDX-License-Identifier: MIT */
/* The state_dict in a file of torch.save: a pure function of the bytes. */
#ifndef MISREAD_NN_TORCH_H
#define MISREAD_NN_TORCH_H

#include <stddef.h>

#include <misread/base/status.h>

struct mr_directory;

/*
 * Parses the n bytes of a whole file. The tensors are those of the dictionary that was saved; or,
 * if it holds none itself, those of its "state_dict", "model_state_dict" or "model", as training
 * scripts save. What else there is is skipped. The sentence of a refusal is only the reason. On
 * failure nothing is owned by the caller.
 */
enum mr_status mr_torch_parse(struct mr_directory *directory, const unsigned char *data, size_t n,
                              struct mr_error *err) MR_NODISCARD;

#endif
