/* SPDX-License-Identifier: MIT */
/* Initial weights from a file that was trained on other classes. */
#ifndef MISREAD_TRAIN_INITIAL_H
#define MISREAD_TRAIN_INITIAL_H

#include <misread/base/status.h>
#include <misread/nn/model.h>

/* Reads the body's tensors (all but "fc.") from a safetensors file; the last layer too if it fits,
 * else it keeps its initialisation. A missing or misshapen tensor, or one that is not finite, is
 * refused: the model's weights are then undefined. */
enum mr_status mr_initial_load(struct mr_model *model, const char *path,
                               struct mr_error *err) MR_NODISCARD;
/* Would the file do for such a network? Reads all of it. */
enum mr_status mr_initial_check(const char *path, enum mr_arch arch,
                                struct mr_error *err) MR_NODISCARD;

#endif
