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

#endif
