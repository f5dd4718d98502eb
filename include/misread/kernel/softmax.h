/* SPDX-License-Identifier: MIT */
/*
 * Softmax and its cross-entropy, computed in double around the largest logit.
 *
 *   logits, p, dlogits (n, k)   labels, losses (n)
 */
#ifndef MISREAD_KERNEL_SOFTMAX_H
#define MISREAD_KERNEL_SOFTMAX_H

/* p out, overwritten: probabilities. p may be logits. */
void mr_softmax_forward(float *p, const float *logits, int n, int k);
/* -log softmax(logits)[label] of each image into losses (overwritten; may be NULL); returns their
 * mean. labels in 0 .. k-1. */
double mr_softmax_loss(float *losses, const float *logits, const int *labels, int n, int k);
/* dlogits out, overwritten: the gradient of the mean loss, (softmax - onehot) / n. May be logits.
 */
void mr_softmax_loss_backward(float *dlogits, const float *logits, const int *labels, int n, int k);

/*
 * What a softmax is trained towards, beside one label an image: a second label (mixup), weights by
 * class, a share for all classes (label smoothing). The loss is
 *
 *   (1 - eps) sum_i [ s_i w(a_i) nll_i(a_i) + (1 - s_i) w(b_i) nll_i(b_i) ]
 *           / sum_i [ s_i w(a_i) + (1 - s_i) w(b_i) ]
 *   + eps / (k n) sum_i sum_c nll_i(c)                      nll_i(c) = -log softmax(logits_i)[c]
 *
 * which is fastai's LabelSmoothingCrossEntropy (of weights too, as v2 has them), PyTorch's weighted
 * mean of cross-entropy, and fastai's mixup of losses, wherever each of them is alone.
 */
struct mr_softmax_goal {
    const int *labels;    /* (n) a, in 0 .. k-1 */
    const int *others;    /* (n) b; NULL: there is none */
    const float *shares;  /* (n) s, of a, in 0 .. 1; with others */
    const float *weights; /* (k) w, >= 0, not all 0 in a batch; NULL: all 1 */
    double smoothing;     /* eps in 0 .. 1 */
};

/* targets (n, k) out, overwritten: the factors of nll_i(c) in the loss. They sum to 1, or with
 * weights an image's need not sum to 1 / n. */
void mr_softmax_targets(float *targets, const struct mr_softmax_goal *goal, int n, int k);
/* sum_i sum_c targets_ic nll_i(c). Targets may sum to anything. */
double mr_softmax_target_loss(const float *logits, const float *targets, int n, int k);
/* dlogits out, overwritten: softmax_ic sum_c targets_ic - targets_ic. May be logits, or targets. */
void mr_softmax_target_backward(float *dlogits, const float *logits, const float *targets, int n,
                                int k);
/* losses (n) out, overwritten: s_i nll_i(a_i) + (1 - s_i) nll_i(b_i), cross-entropy without weights
 * and smoothing. */
void mr_softmax_mixed_losses(float *losses, const float *logits, const struct mr_softmax_goal *goal,
                             int n, int k);

#endif
