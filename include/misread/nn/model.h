/* SPDX-License-Identifier: MIT */
/*
 * ResNet-18/34/50 with torchvision's structure and parameter names, under torchvision's head or
 * fastai's. One block holds all parameters, one all gradients, one all activations (a static plan);
 * nothing is allocated in a step. NHWC, float32.
 */
#ifndef MISREAD_NN_MODEL_H
#define MISREAD_NN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_conv_choices;
struct mr_conv_shape;
struct mr_kernels;
struct mr_model;
struct mr_pool;
struct mr_softmax_goal;

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

enum mr_head_kind {
    MR_HEAD_PLAIN, /* torchvision's: average pooling, fc */
    /* fastai's: concat pooling (maximum, average), batch norm, dropout .25, linear to 512, ReLU,
     * batch norm, dropout .5, linear */
    MR_HEAD_CONCAT
};

/* What becomes of the body (everything in front of the pooling) in a training step. */
enum mr_body_mode {
    MR_BODY_TRAINED,
    /* fastai's frozen body (train_bn): convolutions fixed, gamma and beta trained; batch
     * statistics, which are folded into the running ones */
    MR_BODY_NORM,
    /* As in evaluation: nothing of it is trained or changed; no backward pass, and the small plan
     */
    MR_BODY_FIXED
};

struct mr_model_options {
    enum mr_arch arch;
    int n_classes;                    /* >= 2 */
    int max_batch;                    /* images in one forward */
    int h, w;                         /* input size, >= 32 */
    bool training;                    /* false: no gradients, smaller plan */
    const struct mr_kernels *kernels; /* NULL: the fastest that the CPU can run */
    enum mr_head_kind head;
    enum mr_body_mode body;
    bool explains; /* mr_model_explain is possible; not together with training */
    /* Algorithms of convolutions, measured with max_batch images and taken for fewer too; borrowed
     * for the call. NULL: the rule. */
    const struct mr_conv_choices *choices;
};

/* The pool is borrowed and outlives the model. All parameters are zero until mr_model_init or a
 * load. */
enum mr_status mr_model_create(struct mr_model **model, const struct mr_model_options *options,
                               struct mr_pool *pool, struct mr_error *err) MR_NODISCARD;
void mr_model_destroy(struct mr_model *model);
const struct mr_model_options *mr_model_get_options(const struct mr_model *model);

/* torchvision's initialisation: kaiming normal (fan out) convolutions, BN 1/0, fc uniform
 * 1/sqrt(fan in). The linear layers of the concat head as fastai's: kaiming normal (fan in), biases
 * 0. Dropout's masks follow from the same seed. */
void mr_model_init(struct mr_model *model, uint64_t seed);
/* The head's alone, as mr_model_init with this seed would have it; dropout stays as it is. */
void mr_model_init_head(struct mr_model *model, uint64_t seed);

/* What a named tensor is. Running statistics are not trained and have no gradient. */
enum mr_tensor_kind {
    MR_TENSOR_CONV,
    MR_TENSOR_FC,
    MR_TENSOR_BIAS,
    MR_TENSOR_BN,
    MR_TENSOR_RUNNING
};

/* The three groups that fastai gives learning rates of their own. */
enum mr_group {
    MR_GROUP_EARLY, /* stem, layer1, layer2 */
    MR_GROUP_LATE,  /* layer3, layer4 */
    MR_GROUP_HEAD,
    MR_N_GROUP
};

/* A named tensor inside the parameter block. Convolution weights are kept (kh, kw, C_in, C_out);
 * shape is torchvision's (O, I, kh, kw), which is what weights files hold. */
struct mr_tensor {
    const char *name; /* e.g. "layer1.0.conv1.weight"; lives as long as the model */
    enum mr_tensor_kind kind;
    enum mr_group group;
    bool is_trained;  /* by this model: its body mode says so */
    size_t offset, n; /* floats in the block */
    int shape[4];
    int n_dims;
};

/* In torchvision's state_dict order, without num_batches_tracked. The concat head's are head.norm1,
 * head.fc1, head.norm2 and head.fc2. */
const struct mr_tensor *mr_model_tensors(const struct mr_model *model, int *n_tensors);
const struct mr_tensor *mr_model_find_tensor(const struct mr_model *model, const char *name);
/* The parameter block. Models that differ in the body mode, the size or the batch alone have the
 * same layout, so that a copy of the block is a copy of the weights. */
float *mr_model_params(struct mr_model *model);
size_t mr_model_n_params(const struct mr_model *model);
/* Floats at the beginning of the parameter block that are trained: nothing behind them is. */
size_t mr_model_n_trained(const struct mr_model *model);
/* The gradient block (n_trained), same offsets. NULL: not a training model. */
float *mr_model_grads(struct mr_model *model);
/* Copies a tensor to and from torchvision's layout (O, I, kh, kw). dst/src hold tensor->n floats.
 */
void mr_model_get_tensor(const struct mr_model *model, const struct mr_tensor *tensor, float *dst);
void mr_model_set_tensor(struct mr_model *model, const struct mr_tensor *tensor, const float *src);
/* The same for the gradient of a trained tensor; training models only. */
void mr_model_get_grad(const struct mr_model *model, const struct mr_tensor *tensor, float *dst);

enum mr_mode {
    MR_MODE_EVAL, /* running statistics */
    MR_MODE_TRAIN /* batch statistics, which are folded into the running ones (momentum .1); dropout
                   */
};

/* Dropout's masks are a function of mr_model_init's seed, this number (0 until it is set) and the
 * place: a training loop sets it to the number of the step, so that a resumed run has the same. */
void mr_model_set_step(struct mr_model *model, int step);

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
/* The same towards a goal (<misread/kernel/softmax.h>), whose loss it returns; losses (n) out, may
 * be NULL: each image's cross-entropy, mixed as its labels are, without weights and smoothing. */
double mr_model_loss_towards(struct mr_model *model, const struct mr_softmax_goal *goal,
                             float *losses);
/* Gradients of the mean loss into the gradient block, overwritten. After mr_model_forward or
 * mr_model_forward_features in TRAIN mode and either loss. */
void mr_model_backward(struct mr_model *model);
/* The input gradient's source: (n, n_classes) gradient of the logits, writable between loss and
 * backward. */
float *mr_model_dlogits(struct mr_model *model);

/*
 * The body alone, with the running statistics: x (n, h, w, 3) as in mr_model_forward; returns what
 * the head reads, (n, n_features), valid until the next call.
 */
const float *mr_model_features(struct mr_model *model, const float *x, int n);
/* The channels behind the pooling: with the concat head twice the body's. */
int mr_model_n_features(const struct mr_model *model);
/*
 * The head alone on features (n, n_features), which may be the last that mr_model_features
 * returned. Returns the logits as mr_model_forward does, bit for bit. TRAIN mode needs a FIXED
 * body; mr_model_loss and mr_model_backward follow as usual. Images do not matter here: a model of
 * 32 x 32 pixels trains the head in the least memory.
 */
const float *mr_model_forward_features(struct mr_model *model, const float *features, int n,
                                       enum mr_mode mode);

/* What the head's pooling read, and what a logit owes to it: both (n, h, w, c), borrowed. */
struct mr_model_evidence {
    const float *x, *dx;
    int h, w, c;
};

/*
 * The last activation of the body and the gradient, with respect to it, of one logit of each image
 * (classes: n), with the running statistics. After mr_model_forward in EVAL mode of a model that
 * explains; as often as one likes, each time until the next call. What Grad-CAM is made of
 * (Selvaraju et al. 2017).
 */
struct mr_model_evidence mr_model_explain(struct mr_model *model, const int *classes);

/*
 * Multiplications and additions that one image takes in the convolutions, counted as direct sums
 * whatever algorithm runs, and in the linear layers. EVAL: the forward pass. TRAIN: the backward
 * pass too: as much again for the gradients of the weights that are trained, and as much for those
 * of each layer's input that somebody needs.
 */
double mr_model_flops(const struct mr_model *model, enum mr_mode mode);

/* The i-th of the network's convolutions, each shape once, with max_batch images and the algorithms
 * that it takes. False: there are no more. */
bool mr_model_find_conv(const struct mr_model *model, int i, struct mr_conv_shape *shape);

/* Bytes of the blocks that the plan takes. */
size_t mr_model_n_bytes(const struct mr_model *model);

#endif
