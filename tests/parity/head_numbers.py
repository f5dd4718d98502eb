#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the header tests/unit/train/head_numbers.h: what PyTorch (1.13, torchvision 0.14) computes in
double precision for the hashed networks of hashed.h (tame) with fastai's head; and for a ResNet-50 with
two images, where fastai's is of no use: batch norm over two rows makes +1 and -1 of the least difference.

usage: head_numbers.py > head_numbers.h

The dropout masks are made anew from their definition, so they are compared too: an image's element is
kept where a hash of its place and of a key is large; the key is a hash of seed, step and layer.
"""
import numpy as np
import torch
import torch.nn.functional as F
import torchvision

M64 = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
SEED, CLASSES, SIDE = 7, 5, 64
RATES = [3e-5, 3e-4, 3e-3]  # slice(3e-5, 3e-3)
DROPOUT = {"norm1": .25, "norm2": .5}


def fnv(text):
    h = 0xCBF29CE484222325
    for c in text.encode():
        h = ((h ^ c) * 0x100000001B3) & M64
    return h


def mix64(z):
    z = np.asarray(z, dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def hashed_u(name, n):
    i = np.arange(1, n + 1, dtype=np.uint64)
    r = mix64(np.uint64(fnv(name)) + i * np.uint64(GOLDEN))
    return (r >> np.uint64(40)).astype(np.float64) - (1 << 23)


def hashed(name, shape, base, bound):
    n = int(np.prod(shape))
    values = (base + hashed_u(name, n) * bound / 8388608.0).astype(np.float32)
    return torch.from_numpy(values.reshape(shape).astype(np.float64))


def initial(name, t, last_norm):
    fan_in = t.numel() / t.shape[0] if t.dim() else 1
    if name.endswith(("running_mean", "running_var")):
        return hashed(name, t.shape, float(name.endswith("var")), 0)
    if t.dim() == 4:
        return hashed(name, t.shape, 0, np.sqrt(6 / fan_in))
    if t.dim() == 2:
        return hashed(name, t.shape, 0, np.sqrt(1 / fan_in))
    if name.endswith(("fc.bias", "fc1.bias", "fc2.bias")):
        return hashed(name, t.shape, 0, .01)
    if name.endswith(last_norm):
        return hashed(name, t.shape, .2, .1)
    return hashed(name, t.shape, float(name.endswith("weight")), .1)


def batch(k, n):
    pixels = hashed_u(f"batch{k}", n * 3 * SIDE * SIDE).reshape(n, 3, SIDE, SIDE) / 8388608.0
    labels = [(i * 3 + k) % CLASSES for i in range(n)]
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    for i, label in enumerate(labels):
        for c in range(3):
            odd = (y * (1 + label) // 16 + x * (1 + (label + c) % 3) // 16) % 2
            pixels[i, c] += np.where(odd == 0, .75, -.75)
    return torch.from_numpy(pixels.astype(np.float32).astype(np.float64)), torch.tensor(labels)


def mask(n, p, step, layer):
    key = mix64((SEED + GOLDEN) & M64)
    for part in (fnv("dropout"), step, layer):
        key = mix64(((int(key) ^ part) + GOLDEN) & M64)
    low, high = np.uint32(int(key) & 0xFFFFFFFF), np.uint32(int(key) >> 32)

    def mix32(h):
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
        h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
        return h ^ (h >> np.uint32(16))

    h = mix32(mix32(np.arange(n, dtype=np.uint32) + low) ^ high)
    return torch.from_numpy((h >= np.uint32(p * 2.0**32)) / (1 - p))


def group(name):
    return 2 if name.startswith(("head.", "fc.")) else int(name.startswith(("layer3", "layer4")))


class Net(torch.nn.Module):
    def __init__(self, arch, head, body):
        super().__init__()
        net = getattr(torchvision.models, arch)(num_classes=CLASSES)
        channels = net.fc.in_features
        self.kind = head
        for name, child in net.named_children():
            if name != "avgpool" and (name != "fc" or head == "PLAIN"):
                self.add_module(name, child)
        self.head = torch.nn.ModuleDict({} if head == "PLAIN" else {
            "norm1": torch.nn.BatchNorm1d(2 * channels), "fc1": torch.nn.Linear(2 * channels, 512),
            "norm2": torch.nn.BatchNorm1d(512), "fc2": torch.nn.Linear(512, CLASSES)})
        self.mode = body
        self.double()
        last_norm = "bn3.weight" if arch == "resnet50" else "bn2.weight"
        with torch.no_grad():
            for name, t in self.state_dict().items():
                if not name.endswith("num_batches_tracked"):
                    t.copy_(initial(name, t, last_norm))
        for name, p in self.named_parameters():
            is_norm = p.dim() == 1
            p.requires_grad = group(name) == 2 or body == "TRAINED" or (body == "NORM" and is_norm)

    def set_mode(self, training):
        for name, child in self.named_children():
            child.train(training and (name in ("head", "fc") or self.mode != "FIXED"))

    def part(self, name, x, step, layer):
        x = self.head[name](x)
        if self.head.training:
            x = x * mask(x.numel(), DROPOUT[name], step, layer).reshape(x.shape)
        return x

    def forward(self, x, step):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        if self.kind == "PLAIN":
            return self.fc(x.mean((2, 3)))
        x = torch.cat([F.adaptive_max_pool2d(x, 1), F.adaptive_avg_pool2d(x, 1)], 1).flatten(1)
        x = torch.relu(self.head["fc1"](self.part("norm1", x, step, 0)))
        return self.head["fc2"](self.part("norm2", x, step, 1))


def train_steps(net, n, n_steps, eps, spares):
    net.set_mode(True)
    sets = {}
    for name, p in net.named_parameters():
        if p.requires_grad:
            sets.setdefault((group(name), not (spares and p.dim() == 1)), []).append(p)
    optimizer = torch.optim.AdamW(
        [{"params": ps, "lr": RATES[g], "weight_decay": .01 * decays} for (g, decays), ps in sets.items()],
        betas=(.9, .99), eps=eps)
    losses = []
    for step in range(n_steps):
        x, labels = batch(step % 4, n)
        loss = F.cross_entropy(net(x, step), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def number(x):
    return repr(float("%.9g" % float(x)))


def numbers(xs):
    return "{" + ", ".join(number(x) for x in xs) + "}"


def is_shown(name):
    return name.startswith(("head.", "fc.", "conv1.", "bn1.", "layer2.0.downsample", "layer3.0.bn1", "layer4.1"))


def case(name, arch, head, body, n, n_steps=0, eps=1e-5, spares=False):
    net = Net(arch, head, body)
    x, labels = batch(0, n)
    net.set_mode(False)
    with torch.no_grad():
        evaluated = net(x, 0)
    net.set_mode(True)
    logits = net(x, 0)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    groups = [0., 0., 0.]
    print(f"static const struct head_gradient {name}_gradients[] = {{")
    for key, p in net.named_parameters():
        if not p.requires_grad:
            continue
        g = p.grad.numpy().ravel()
        groups[group(key)] += float(g @ g)
        if is_shown(key):
            projection = g @ hashed_u("proj:" + key, g.size) / 8388608.0
            print(f'    {{"{key}", {number(np.linalg.norm(g))}, {number(projection)}}},')
    print("};\n")
    print(f"static const struct head_running {name}_running[] = {{")
    for key, t in net.state_dict().items():
        if is_shown(key) and "running" in key:
            print(f'    {{"{key}", {number(t.sum())}, {number(t.norm())}}},')
    print("};\n")
    losses = train_steps(Net(arch, head, body), n, n_steps, eps, spares) if n_steps else []
    print(f"static const struct head_case {name} = {{")
    print(f"    MR_ARCH_{arch.upper()}, MR_HEAD_{head}, MR_BODY_{body}, {n},")
    print(f"    {numbers(evaluated.flatten())},")
    print(f"    {numbers(logits.detach().flatten())},")
    print(f"    {number(loss)},")
    print(f"    {numbers(np.sqrt(groups))},")
    print(f"    {name}_gradients, sizeof {name}_gradients / sizeof *{name}_gradients,")
    print(f"    {name}_running, sizeof {name}_running / sizeof *{name}_running,")
    print(f"    {numbers(losses) if losses else '{0}'}, {len(losses)}, {number(eps)}, {str(spares).lower()},")
    print("};\n")


print("""/* SPDX-License-Identifier: MIT */
/* Made by tests/parity/head_numbers.py. */
#ifndef MISREAD_TESTS_TRAIN_HEAD_NUMBERS_H
#define MISREAD_TESTS_TRAIN_HEAD_NUMBERS_H

#include <stdbool.h>

#include <misread/nn/model.h>

struct head_gradient {
    const char *name;
    double l2, projection;
};

struct head_running {
    const char *name;
    double sum, l2;
};

struct head_case {
    enum mr_arch arch;
    enum mr_head_kind head;
    enum mr_body_mode body;
    int n; /* images */
    double eval_logits[40], logits[40], loss;
    double group_l2[MR_N_GROUP]; /* of the gradients */
    const struct head_gradient *gradients;
    size_t n_gradients;
    const struct head_running *running; /* after one forward pass */
    size_t n_running;
    double losses[10]; /* of AdamW, each before its update */
    int n_losses;
    double eps;
    bool spares_norms_and_biases;
};
""")
np.seterr(over="ignore")
torch.set_num_threads(2)
case("trained", "resnet18", "CONCAT", "TRAINED", 8, 10, 1e-5, True)
case("norm", "resnet18", "CONCAT", "NORM", 8, 10, 1e-8, False)
case("fixed", "resnet18", "CONCAT", "FIXED", 8, 10, 1e-5, False)
case("resnet50", "resnet50", "PLAIN", "TRAINED", 2)
print("#endif")
