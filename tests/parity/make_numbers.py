#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns reference files (JSON, of the hashed networks of hashed.h) into the header of tests/unit/nn.

usage: make_numbers.py NAME=FILE[:tame|:gradients] ... > parity_numbers.h    (gradients: without running statistics)

The double-precision values are taken as the truth; losses of steps that were computed in single
precision only are filled in from there. (Those of the tame ResNet-18 come from a run of the
reference's script that did all 20 steps in double precision.) Where all 20 are
known in double precision, those in single precision stand beside them.
"""
import json
import sys

ARCHS = {"resnet18": "MR_ARCH_RESNET18", "resnet34": "MR_ARCH_RESNET34", "resnet50": "MR_ARCH_RESNET50"}


def number(x):
    return repr(float("%.9g" % x))


def numbers(xs):
    return "{" + ", ".join(number(x) for x in xs) + "}"


def losses(ref, kind):
    exact = ref["float64"][kind]["losses"]
    return exact + ref["float32"][kind]["losses"][len(exact):]


def case(name, path, kind):
    ref = json.load(open(path))
    r = ref["float64"]
    running = r["bn_after_one_forward"] if kind != "gradients" else {}
    print(f"static const struct parity_gradient {name}_gradients[] = {{")
    for key, l2 in r["grad_l2"].items():
        print(f'    {{"{key}", {number(l2)}, {number(r["grad_proj"][key])}}},')
    print("};\n")
    if running:
        print(f"static const struct parity_running {name}_running[] = {{")
        for key, (total, l2) in running.items():
            print(f'    {{"{key}", {number(total)}, {number(l2)}}},')
        print("};\n")
    both = all(len(ref["float64"][optimizer]["losses"]) == 20 for optimizer in ("sgd", "adamw"))
    if both:
        single = [numbers(ref["float32"][optimizer]["losses"]) for optimizer in ("sgd", "adamw")]
        print(f"static const double {name}_single[2][20] = {{{single[0]}, {single[1]}}};\n")
    print(f"static const struct parity_case {name} = {{")
    if both:
        print(f"    .single = {name}_single,")
    print(f'    .arch = {ARCHS[ref["arch"]]},')
    print(f'    .tame = {"true" if kind == "tame" else "false"},')
    lr = [ref.get(kind, {}).get("lr", usual) for kind, usual in (("sgd", 0.01), ("adamw", 0.001))]
    print(f"    .lr = {numbers(lr)},")
    print(f'    .logits = {numbers(x for row in r["logits"] for x in row)},')
    print(f'    .eval_logits = {numbers(x for row in r["logits_eval_initial"] for x in row)},')
    print(f'    .loss = {number(r["loss"])},')
    print(f'    .losses = {{{numbers(losses(ref, "sgd"))}, {numbers(losses(ref, "adamw"))}}},')
    print(f"    .gradients = {name}_gradients,")
    print(f'    .n_gradients = {len(r["grad_l2"])},')
    if running:
        print(f"    .running = {name}_running,")
        print(f"    .n_running = {len(running)},")
    print("};\n")


HEAD = """/* SPDX-License-Identifier: MIT */
/* Made by tests/parity/make_numbers.py from PyTorch's results. */
#ifndef MISREAD_TESTS_NN_PARITY_NUMBERS_H
#define MISREAD_TESTS_NN_PARITY_NUMBERS_H

#include <stdbool.h>

#include <misread/nn/model.h>

struct parity_gradient {
    const char *name;
    double l2, projection;
};

struct parity_running {
    const char *name;
    double sum, l2;
};

struct parity_case {
    enum mr_arch arch;
    bool tame;
    double lr[2]; /* SGD, AdamW */
    double logits[40], eval_logits[40], loss;
    double losses[2][20];       /* in double precision, as far as that is known */
    const double (*single)[20]; /* in single precision; NULL: that is the same */
    const struct parity_gradient *gradients;
    int n_gradients;
    const struct parity_running *running;
    int n_running;
};
"""

print(HEAD)
for argument in sys.argv[1:]:
    name, path = argument.split("=")
    path, _, kind = path.partition(":")
    case(name, path, kind)
print("#endif")
