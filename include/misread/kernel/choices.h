/* SPDX-License-Identifier: MIT */
/*
 * Which algorithm is to convolve which shape, where that was measured and is not what the rule
 * says. A file of choices is text: "misread kernels 1", then a line for each pass of each shape, in
 * this order: pass, n, h, w, c_in, c_out, algorithm, instruction set, threads, processor. All
 * shapes are 3x3 of stride 1 and padding 1; no others have a choice.
 */
#ifndef MISREAD_KERNEL_CHOICES_H
#define MISREAD_KERNEL_CHOICES_H

#include <misread/base/status.h>
#include <misread/kernel/conv.h>
#include <misread/kernel/machine.h>

struct mr_conv_choice {
    struct mr_machine machine; /* on which it was measured */
    struct mr_conv_shape shape;
    enum mr_conv_pass pass;
    enum mr_conv_algorithm algorithm;
};

/* Zeroed: none. */
struct mr_conv_choices {
    struct mr_conv_choice *items; /* (n) owned */
    int n;
};

void mr_conv_choices_finish(struct mr_conv_choices *choices);

/* Those of a machine, or all if it is NULL. A file that is not there has none; damaged lines and
 * files of another version are left out, which the log tells. */
void mr_conv_choices_load(struct mr_conv_choices *choices, const char *path,
                          const struct mr_machine *machine);
/* Whole or not at all. */
enum mr_status mr_conv_choices_save(const struct mr_conv_choices *choices, const char *path,
                                    struct mr_error *err) MR_NODISCARD;

/* Takes the place of what was chosen before for its machine, shape and pass; BY_RULE: of that
 * nothing is left. */
void mr_conv_choices_set(struct mr_conv_choices *choices, const struct mr_conv_choice *choice);
/* Of choices for one machine: fills shape->algorithms. */
void mr_conv_choices_apply(const struct mr_conv_choices *choices, struct mr_conv_shape *shape);

const char *mr_conv_pass_text(enum mr_conv_pass pass);
const char *mr_conv_algorithm_text(enum mr_conv_algorithm algorithm);

#endif
