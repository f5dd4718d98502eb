/* SPDX-License-Identifier: MIT */
/*
 * The kernels, compiled once for each instruction set. What a slot does stands in the header of the
 * function that it is named after; those functions are not called directly.
 */
#ifndef MISREAD_KERNEL_KERNELS_H
#define MISREAD_KERNEL_KERNELS_H

#include <misread/base/status.h>
#include <misread/kernel/avgpool.h>
#include <misread/kernel/concatpool.h>
#include <misread/kernel/conv.h>
#include <misread/kernel/dropout.h>
#include <misread/kernel/maxpool.h>
#include <misread/kernel/norm.h>
#include <misread/kernel/peak.h>
#include <misread/kernel/relu.h>

/* X(name): every function mr_<name> that is compiled once for each instruction set. */
#define MR_KERNEL_LIST(X)            \
    X(conv_resolve)                  \
    X(conv_forward_scratch)          \
    X(conv_forward)                  \
    X(conv_backward_data_scratch)    \
    X(conv_backward_data)            \
    X(conv_backward_weights_scratch) \
    X(conv_backward_weights)         \
    X(norm_scratch)                  \
    X(norm_measure)                  \
    X(norm_apply)                    \
    X(norm_fold)                     \
    X(norm_backward)                 \
    X(relu_forward)                  \
    X(relu_forward_sum)              \
    X(relu_backward)                 \
    X(avgpool_forward)               \
    X(avgpool_backward)              \
    X(concatpool_forward)            \
    X(concatpool_backward)           \
    X(dropout_apply)                 \
    X(maxpool_forward)               \
    X(maxpool_backward)              \
    X(peak_gflops)

struct mr_kernels {
    const char *isa; /* "generic", "avx2", "avx512"; "neon" */
#define X(name) __typeof__(mr_##name) *name;
    MR_KERNEL_LIST(X)
#undef X
};

/* The fastest that this CPU can run. */
const struct mr_kernels *mr_kernels_best(void);
/* By the name of the instruction set; NULL if there are none of that name or the CPU has it not. */
const struct mr_kernels *mr_kernels_find(const char *isa);
/* The same where a user has named it; NULL or "": the fastest. */
enum mr_status mr_kernels_choose(const struct mr_kernels **kernels, const char *isa,
                                 struct mr_error *err) MR_NODISCARD;
/* All that were compiled in, the fastest last, joined by "|". */
const char *mr_kernels_list(void);

#endif
