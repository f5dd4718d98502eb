/* SPDX-License-Identifier: MIT */
/* The inside of a model, for model.c and step.c. */
#ifndef MISREAD_NN_PRIVATE_H
#define MISREAD_NN_PRIVATE_H

#include <misread/kernel/kernels.h>

#include "net.h"

struct mr_model {
    struct mr_net net;
    struct mr_pool *pool; /* borrowed: outlives the model */
    const struct mr_kernels *kernels;
    float *params; /* owned, each of the four */
    float *grads;  /* (n_trained); NULL: not training */
    float *activations;
    float *scratch;
    size_t n_scratch; /* floats */
    int n;            /* images of the last forward; 0: none yet */
    enum mr_mode mode;
    uint64_t seed; /* of dropout's masks, as is step */
    int step;
    bool has_loss; /* dlogits belong to the last forward */
};

/* Floats that the hungriest operation borrows, for any batch up to the largest. */
size_t mr_model_scratch(const struct mr_net *net, const struct mr_kernels *kernels, int n_threads);

#endif
