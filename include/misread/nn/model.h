/* SPDX-License-Identifier: MIT */
/*
 * ResNet-18/34/50 with torchvision's structure and parameter names. One block holds all parameters,
 * one all gradients, one all activations (a static plan); nothing is allocated in a step. NHWC,
 * float32.
 */
#ifndef MISREAD_NN_MODEL_H
#define MISREAD_NN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_kernels;
struct mr_pool;
struct mr_model;

/* X(name, text) */
#define MR_ARCH_LIST(X)     \
    X(RESNET18, "resnet18") \
    X(RESNET34, "resnet34") \
    X(RESNET50, "resnet50")

enum mr_arch {
#define X(name, text) MR_ARCH_##name,
    MR_ARCH_LIST(X)
#undef X
        MR_N_ARCH
};

const char *mr_arch_text(enum mr_arch arch);
bool mr_arch_find(const char *text, enum mr_arch *arch);

struct mr_model_options {
    enum mr_arch arch;
    int n_classes;                    /* >= 2 */
    int max_batch;                    /* images in one forward */
    int h, w;                         /* input size, >= 32 */
    bool training;                    /* false: no gradients, smaller plan */
    const struct mr_kernels *kernels; /* NULL: the fastest that the CPU can run */
};

/* The pool is borrowed and outlives the model. All parameters are zero until mr_model_init or a
 * load. */
enum mr_status mr_model_create(struct mr_model **model, const struct mr_model_options *options,
                               struct mr_pool *pool, struct mr_error *err) MR_NODISCARD;
void mr_model_destroy(struct mr_model *model);
const struct mr_model_options *mr_model_get_options(const struct mr_model *model);

/* torchvision's initialisation: kaiming normal (fan out) convolutions, BN 1/0, fc uniform
 * 1/sqrt(fan in). */
void mr_model_init(struct mr_model *model, uint64_t seed);

/* What a named tensor is. Running statistics are not trained and have no gradient. */
enum mr_tensor_kind {
    MR_TENSOR_CONV,
    MR_TENSOR_FC,
    MR_TENSOR_BIAS,
    MR_TENSOR_BN,
    MR_TENSOR_RUNNING
};

/* A named tensor inside the parameter block. Convolution weights are kept (kh, kw, C_in, C_out);
 * shape is torchvision's (O, I, kh, kw), which is what weights files hold. */
struct mr_tensor {
    const char *name; /* e.g. "layer1.0.conv1.weight"; lives as long as the model */
    enum mr_tensor_kind kind;
    size_t offset, n; /* floats in the block */
    int shape[4];
    int n_dims;
};

/* In torchvision's state_dict order, without num_batches_tracked. */
const struct mr_tensor *mr_model_tensors(const struct mr_model *model, int *n_tensors);
const struct mr_tensor *mr_model_find_tensor(const struct mr_model *model, const char *name);
/* The parameter block (all tensors) and the gradient block (same offsets; zero where kind is
 * RUNNING). */
float *mr_model_params(struct mr_model *model);
float *mr_model_grads(struct mr_model *model);
size_t mr_model_n_params(const struct mr_model *model);
/* Floats at the beginning of both blocks that are trained: all tensors but the running statistics,
 * which lie behind them. An optimiser steps over these in one go. */
size_t mr_model_n_trained(const struct mr_model *model);
/* Copies a tensor to and from torchvision's layout (O, I, kh, kw). dst/src hold tensor->n floats.
 */
void mr_model_get_tensor(const struct mr_model *model, const struct mr_tensor *tensor, float *dst);
void mr_model_set_tensor(struct mr_model *model, const struct mr_tensor *tensor, const float *src);
/* The same for the gradient; training models only. */
void mr_model_get_grad(const struct mr_model *model, const struct mr_tensor *tensor, float *dst);

enum mr_mode {
    MR_MODE_EVAL, /* running statistics */
    MR_MODE_TRAIN /* batch statistics, which are folded into the running ones (momentum .1) */
};

/*
 * Forward pass. x (n, h, w, 3) normalised; n <= max_batch. Returns the logits (n, n_classes), valid
 * until the next call.
 */
const float *mr_model_forward(struct mr_model *model, const float *x, int n, enum mr_mode mode);

/*
 * Softmax cross-entropy of the last forward. labels (n); losses (n) out, may be NULL. Returns the
 * mean loss. Prepares the gradient of the logits for mr_model_backward.
 */
double mr_model_loss(struct mr_model *model, const int *labels, float *losses);
/* Gradients of the mean loss into the gradient block, overwritten. After mr_model_forward in TRAIN
 * mode and mr_model_loss. */
void mr_model_backward(struct mr_model *model);
/* The input gradient's source: (n, n_classes) gradient of the logits, writable between loss and
 * backward. */
float *mr_model_dlogits(struct mr_model *model);

/*
 * Multiplications and additions that one image takes in the convolutions, counted as direct sums
 * whatever algorithm runs, and in the linear layer. EVAL: the forward pass. TRAIN: the backward
 * pass too, which is twice that but for the gradient of the pixels, which nobody wants.
 */
double mr_model_flops(const struct mr_model *model, enum mr_mode mode);

/* Bytes of the blocks that the plan takes. */
size_t mr_model_n_bytes(const struct mr_model *model);

#endif
