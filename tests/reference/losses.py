#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Losses and their gradients as PyTorch and fastai work them out (double precision), for the table
in tests/unit/kernel/test_softmax.c: cross-entropy with weights by class, label smoothing
(LabelSmoothingCrossEntropy, v2's where there are weights) and mixup's two labels. Prints the table.
"""
import torch
import torch.nn.functional as F

Z = torch.tensor([[((7 * i + 3 * c) % 11) / 4 - 1.25 for c in range(3)] for i in range(4)],
                 dtype=torch.float64)
A = torch.tensor([0, 2, 1, 2])
B = torch.tensor([1, 2, 0, 0])
SHARE = torch.tensor([.75, .625, 1., .5], dtype=torch.float64)
W = torch.tensor([.5, 2., 1.25], dtype=torch.float64)


def smoothed(z, y, eps, w=None, reduction="mean"):
    """fastai's LabelSmoothingCrossEntropy."""
    log_p = F.log_softmax(z, dim=1)
    loss = -log_p.sum(dim=1)
    if reduction == "mean":
        loss = loss.mean()
    return loss * eps / z.shape[1] + (1 - eps) * F.nll_loss(log_p, y, weight=w, reduction=reduction)


def mixed(z, eps):
    """fastai's mixup of either loss."""
    each = [smoothed(z, y, eps, reduction="none") for y in (A, B)]
    return (SHARE * each[0] + (1 - SHARE) * each[1]).mean()


def mixed_and_weighed(z, eps):
    """No library's: the weighted mean over both labels."""
    log_p = F.log_softmax(z, dim=1)
    share = torch.stack([SHARE * W[A], (1 - SHARE) * W[B]])
    each = torch.stack([F.nll_loss(log_p, y, reduction="none") for y in (A, B)])
    return eps * -log_p.mean() + (1 - eps) * (share * each).sum() / share.sum()


CASES = [
    ("0, 0, 0", lambda z: F.cross_entropy(z, A)),
    ("0, 0, .1", lambda z: smoothed(z, A, .1)),
    ("0, 1, 0", lambda z: F.cross_entropy(z, A, weight=W)),
    ("0, 1, .1", lambda z: smoothed(z, A, .1, W)),
    ("1, 0, 0", lambda z: mixed(z, 0.)),
    ("1, 0, .1", lambda z: mixed(z, .1)),
    ("1, 1, .1", lambda z: mixed_and_weighed(z, .1)),
]

for flags, loss_of in CASES:
    z = Z.clone().requires_grad_()
    loss = loss_of(z)
    loss.backward()
    print("{%s, %.8f,\n {%s}}," % (flags, loss, ", ".join("%.8f" % g for g in z.grad.flatten())))
