#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The last gain of the learning curves in tests/unit/interp/test_learning.c with its 95 % interval, from the whole table of
differences; right answers by an arithmetic rule, so that both sides make the same."""
from fractions import Fraction as F
from math import log, sqrt


def right(size, seed, image, hard):
    """More sizes, more right answers; images differ in difficulty, seeds a little."""
    return int((image * 7 + seed * 3) % 20 < hard[size] + (image + seed) % 3)


def mean(values):
    return sum(values) / len(values)


def variance_of_mean(values):
    m = mean(values)
    return sum((v - m) ** 2 for v in values) / (len(values) - 1) / len(values) if len(values) > 1 else F(0)


CASES = {  # sizes, right of 20 by size, seeds, images
    'steep': ([100, 200, 400, 600, 800, 1000], [4, 6, 9, 12, 15, 17], 3, 200),
    'flat': ([50, 100, 200], [15, 16, 16], 2, 5000),
    'few': ([60, 120], [14, 16], 1, 40),
}
for name, (sizes, hard, n_seeds, n) in CASES.items():
    wanted = F(sizes[-1], 2)
    i = max(k for k in range(len(sizes) - 1) if sizes[k] <= wanted)
    share = F(log(wanted / sizes[i]) / log(sizes[i + 1] / sizes[i]))

    def d(seed, image):
        below, above, all_ = (right(k, seed, image, hard) for k in (i, i + 1, len(sizes) - 1))
        return all_ - (below + share * (above - below))

    table = [[d(s, j) for j in range(n)] for s in range(n_seeds)]
    gain = sum(map(sum, table)) / n / n_seeds
    by_image = [sum(table[s][j] for s in range(n_seeds)) / n_seeds for j in range(n)]
    # two images more (Agresti and Min 2005): half of one in each cell, of which two halves differ, by 1 and by -1
    padded = by_image + [sqrt(.5), -sqrt(.5)]
    by_seed = [sum(table[s]) / n for s in range(n_seeds)]
    wide = 1.959964 * sqrt(variance_of_mean(padded) + variance_of_mean(by_seed))
    means = [sum(right(k, s, j, hard) for s in range(n_seeds) for j in range(n)) / n / n_seeds for k in range(len(sizes))]
    print(f'{name}: gain {float(gain):.9f} interval {mean(padded) - wide:.9f} {mean(padded) + wide:.9f} '
          f'accuracy {means[0]:.9f} {means[-1]:.9f}')
