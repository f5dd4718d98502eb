/* SPDX-License-Identifier: MIT */
/*
 * A network as tables, built once: its named tensors, its units (convolution and batch norm), the
 * layers of its head, and the list of operations of a step, each with the buffers it touches.
 * step.c walks the list.
 */
#ifndef MISREAD_NN_NET_H
#define MISREAD_NN_NET_H

#include <stddef.h>

#include <misread/kernel/conv.h>
#include <misread/kernel/norm.h>
#include <misread/nn/model.h>

#include "plan.h"

#define MR_NET_MAX_UNITS   56
#define MR_NET_MAX_OPS     512
#define MR_NET_MAX_TENSORS 280
#define MR_NET_MAX_HEAD    2
#define MR_NET_NAME        64

/* A batch norm; tensors by number. */
struct mr_net_norm {
    int c; /* 0: there is none */
    int gamma, beta, running_mean, running_var;
    int stats; /* buffer (3, c): the batch's mean, inv_std and scale */
};

/* A convolution and its batch norm. */
struct mr_unit {
    struct mr_conv_shape conv; /* n = max_batch */
    int weight;                /* tensor */
    struct mr_net_norm norm;
    /* Buffers: input, convolution's output, batch norm's output. Where only one convolution reads
     * y, it takes batch norm and ReLU of z while it reads (training), and y is z. */
    int x, z, y;
    int front; /* the unit whose z is x in that way; -1: x is read as it is */
    enum mr_activation act;
};

/* A linear layer of the head, and the batch norm and dropout in front of it. */
struct mr_head_layer {
    int c_in, c_out;
    struct mr_net_norm norm;
    double dropout;
    int weight, bias;
    int x, in, y; /* buffers: what batch norm reads, what the linear layer reads, and its output */
};

/* X(name, function in step.c) */
#define MR_OP_LIST(X)                           \
    X(CONV, conv_forward)                       \
    X(NORM, norm_forward)                       \
    X(MAXPOOL, maxpool_forward)                 \
    X(AVGPOOL, avgpool_forward)                 \
    X(CONCATPOOL, concatpool_forward)           \
    X(HEAD_NORM, head_norm_forward)             \
    X(DROPOUT, dropout)                         \
    X(LINEAR, linear_forward)                   \
    X(RELU, relu_forward)                       \
    X(LINEAR_BACK, linear_backward)             \
    X(HEAD_NORM_BACK, head_norm_backward)       \
    X(AVGPOOL_BACK, avgpool_backward)           \
    X(CONCATPOOL_BACK, concatpool_backward)     \
    X(RELU_BACK, relu_backward)                 \
    X(NORM_BACK, norm_backward)                 \
    X(CONV_BACK_WEIGHTS, conv_backward_weights) \
    X(CONV_BACK_DATA, conv_backward_data)       \
    X(MAXPOOL_BACK, maxpool_backward)

enum mr_op_kind {
#define X(name, function) MR_OP_##name,
    MR_OP_LIST(X)
#undef X
        MR_N_OP
};

#define MR_NO_BUFFER (-1)

struct mr_op {
    enum mr_op_kind kind;
    int unit;    /* HEAD_NORM*, DROPOUT, LINEAR*: layer of the head; -1: none */
    int in, out; /* buffers; out may be in */
    int extra; /* CONV, NORM: residual; RELU_BACK: the forward's output; MAXPOOL*, CONCATPOOL*: the
                  index */
    enum mr_write write;
    enum mr_activation act; /* NORM_BACK alone: RELU if its own ReLU masks dy */
    size_t n;               /* RELU*, DROPOUT: floats an image */
};

struct mr_net {
    struct mr_model_options options;
    struct mr_tensor tensors[MR_NET_MAX_TENSORS];
    char names[MR_NET_MAX_TENSORS][MR_NET_NAME];
    int n_tensors;
    size_t n_params;  /* floats of all tensors */
    size_t n_trained; /* the first of them */
    bool body_trains; /* its batch norms see the batch, and there is a way back through it */
    struct mr_unit units[MR_NET_MAX_UNITS];
    int n_units;
    struct mr_head_layer head[MR_NET_MAX_HEAD];
    int n_head;
    struct mr_op ops[MR_NET_MAX_OPS];
    int n_ops, n_forward; /* the first n_forward are the forward pass, the others the way back */
    int n_body;           /* the first of these end with the features */
    struct mr_plan plan;
    size_t n_activations;                 /* floats */
    int input, features, logits, dlogits; /* buffers */
    int last, dlast; /* and those in front of the head's pooling: what it reads, its gradient */
    int n_features;
    int pool_h, pool_w;         /* input of the max pooling */
    int last_h, last_w, last_c; /* input of the head's pooling */
};

/* Fills a zeroed net. Options are checked by the caller. */
void mr_net_init(struct mr_net *net, const struct mr_model_options *options);

#endif
