#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cohen's kappa and its 95 % interval of the labels in tests/unit/interp/test_agreement.c, from the whole table of counts
in exact fractions, and the standard error by the formula as Fleiss, Cohen and Everitt (1969) print it."""
from fractions import Fraction as F
from math import sqrt

CASES = {
    'textbook': ([0] * 25 + [1] * 25, [0] * 20 + [1] * 5 + [0] * 10 + [1] * 15, 2),  # 20 5 / 10 15: kappa .4
    'three': ([(i * i + 3 * i // 2) % 3 for i in range(60)], [(i * i + 3 * i // 2 + (i % 4 == 1)) % 3 for i in range(60)], 3),
    'worse than chance': ([0, 1, 0, 1, 0, 1, 2], [1, 0, 1, 0, 1, 0, 2], 3),
}
for name, (a, b, k) in CASES.items():
    n = len(a)
    p = [[F(sum(x == i and y == j for x, y in zip(a, b)), n) for j in range(k)] for i in range(k)]
    row = [sum(p[i]) for i in range(k)]
    col = [sum(p[i][j] for i in range(k)) for j in range(k)]
    po = sum(p[i][i] for i in range(k))
    pe = sum(row[i] * col[i] for i in range(k))
    kappa = (po - pe) / (1 - pe)
    A = sum(p[i][i] * (1 - (row[i] + col[i]) * (1 - kappa)) ** 2 for i in range(k))
    B = (1 - kappa) ** 2 * sum(p[i][j] * (col[i] + row[j]) ** 2 for i in range(k) for j in range(k) if i != j)
    C = (kappa - pe * (1 - kappa)) ** 2
    se = sqrt(A + B - C) / (float(1 - pe) * sqrt(n))
    print(f'{name}: observed {float(po):.9f} expected {float(pe):.9f} kappa {float(kappa):.9f} '
          f'interval {max(-1, float(kappa) - 1.959964 * se):.9f} {min(1, float(kappa) + 1.959964 * se):.9f}')
