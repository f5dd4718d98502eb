#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Expected results of confident learning, label scores and training dynamics, for tests/unit/interp/label_numbers.h.

Written from the descriptions (Northcutt et al. 2021 and cleanlab's documentation of find_label_issues; Swayamdipta et
al. 2020; Pleiss et al. 2020; Toneva et al. 2019), with whole matrices and literal steps, where the program takes
short cuts. The made-up answers come from a generator that the test has as well. --check FILE compares.
"""
import math
import sys

# seed, images, classes, percent of labels flipped, how much the answers know (logits of the true class are raised so
# much), images of the last class (-1: its share)
CASES = [(1, 60, 4, 15, 3.0, -1), (2, 300, 7, 10, 2.0, -1), (3, 300, 7, 10, 5.0, -1), (4, 25, 2, 30, 1.0, -1),
         (5, 80, 5, 10, 2.5, 0), (6, 80, 5, 10, 2.5, 1), (7, 40, 8, 60, 0.5, -1), (8, 9, 3, 90, 4.0, -1)]
N_EPOCHS = 6


class Stream:
    """A linear congruential generator (Knuth's MMIX), its upper bits."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        return (self.state >> 33) % n


def made_up(seed, n, k, flipped, known, n_last, epoch=0):
    labels, logits = [], []
    truth, said = Stream(seed), Stream(1000 * seed + epoch)
    for i in range(n):
        true = i % (k if n_last < 0 else k - 1)
        given = true
        if truth.below(100) < flipped:
            given = truth.below(k if n_last < 0 else k - 1)
        if i < n_last:
            given = k - 1
        labels.append(given)
        row = [(said.below(2001) - 1000) / 500 for _ in range(k)]
        row[true] += known
        logits.append(row)
    return labels, logits


def softmax(z):
    e = [math.exp(v - max(z)) for v in z]
    return [v / math.fsum(e) for v in e]


def rounded_to_sum(row):
    ints = [round(v) for v in row]
    total = round(math.fsum(row))
    while sum(ints) != total:
        step = 1 if total > sum(ints) else -1
        order = sorted(range(len(row)), key=lambda i: row[i] - ints[i])  # stable
        for i in order[::-step][:abs(total - sum(ints))]:
            ints[i] += step
    return ints


def confident_joint(labels, p, k):
    thresholds = []
    for c in range(k):
        own = [p[i][c] for i in range(len(p)) if labels[i] == c]
        thresholds.append(max(math.fsum(own) / len(own), 2e-6) if own else 2)
    counts = [[0] * k for _ in range(k)]
    for i, row in enumerate(p):
        bins = [c for c in range(k) if row[c] >= thresholds[c] - 1e-6]
        if bins:
            counts[labels[i]][bins[0] if len(bins) == 1 else row.index(max(row))] += 1
    for c in range(k):
        counts[c][c] = max(counts[c][c], 1)
    n_given = [labels.count(c) for c in range(k)]
    scaled = [[v / sum(row) * n_given[c] for v in row] for c, row in enumerate(counts)]
    total = math.fsum(v for row in scaled for v in row)
    scaled = [[v / total * len(labels) for v in row] for row in scaled]
    return thresholds, [rounded_to_sum(row) for row in scaled]


def issues(labels, p, joint, k):
    m = [[float(joint[given][true]) for given in range(k)] for true in range(k)]  # transposed
    for given in range(k):
        raised = max(m[given][given], 1) - m[given][given]
        others = max(sum(m[true][given] != 0 for true in range(k)) - 1, 1)
        for true in range(k):
            if true != given:
                m[true][given] = max(m[true][given] - raised / others, 0)
        m[given][given] += raised
    m = [[int(v) for v in row] for row in m]
    flagged = set()
    for given in range(k):
        members = [i for i in range(len(p)) if labels[i] == given]
        for true in range(k):
            if true != given and len(members) > 1:
                order = sorted(members, key=lambda i: p[i][given] - p[i][true])
                flagged.update(order[:m[true][given]])

    def agrees(i):
        favoured = [v + (1e-6 if c == labels[i] else 0) for c, v in enumerate(p[i])]
        return favoured.index(max(favoured)) == labels[i]
    return {i for i in flagged if not agrees(i)}


def self_confidence(row, given):
    return row[given]


def normalized_margin(row, given):
    return (row[given] - max(v for c, v in enumerate(row) if c != given) + 1) / 2


def weighted_entropy(row, given):
    h = -math.fsum(v * math.log(v) for v in row if v > 0) / math.log(len(row))
    e = h / max(row[given], 1e-6)
    return math.log(e + 1) / max(e, 1e-6)


def dynamics(case):
    """Of every image: confidence, variability, correctness, forgetting, aum."""
    said = [made_up(*case, epoch) for epoch in range(N_EPOCHS)]
    labels = said[0][0]
    for i, given in enumerate(labels):
        rows = [logits[i] for _, logits in said]
        p = [softmax(row)[given] for row in rows]
        right = [row.index(max(row)) == given for row in rows]
        margin = [row[given] - max(v for c, v in enumerate(row) if c != given) for row in rows]
        mean = math.fsum(p) / len(p)
        yield (mean, math.sqrt(math.fsum((v - mean) ** 2 for v in p) / len(p)), sum(right) / len(right),
               sum(a and not b for a, b in zip(right, right[1:])) if any(right) else 1000,
               math.fsum(margin) / len(margin))


def listed(values, form="%d"):
    lines, line = [], "       "
    for v in values:
        word = form % v + ","
        if len(line) + len(word) + 1 > 99:
            lines.append(line)
            line = "       "
        line += " " + word
    return "\n".join(lines + [line])


def block(name, values, form="%d"):
    return ["     .%s = {" % name, listed(values, form), "     },"]


def text():
    out = ["/* SPDX-License-Identifier: MIT */", "/* Written by tests/reference/labels.py, which says what it is. */",
           "", "/* clang-format off */", "#define N_EPOCHS %d" % N_EPOCHS,
           "static const struct stored {", "    int seed, n, k, flipped;", "    double known;", "    int n_last;",
           "    double thresholds[8];", "    int joint[64];", "    int n_flagged;",
           "    int by[3][64]; /* what is flagged, worst first by self, margin, entropy */",
           "    double worst[3][8]; /* the first scores of all images */",
           "    double dynamics[8][5]; /* the first images' confidence, variability, correctness, forgetting, aum */",
           "} stored[] = {"]
    for case in CASES:
        labels, logits = made_up(*case)
        p = [softmax(row) for row in logits]
        thresholds, joint = confident_joint(labels, p, case[2])
        flagged = issues(labels, p, joint, case[2])
        out.append("    {%d, %d, %d, %d, %g, %d," % case)
        out += block("thresholds", thresholds, "%.9f")
        out += block("joint", [v for row in joint for v in row])
        out.append("     .n_flagged = %d," % len(flagged))
        for s, score in enumerate((self_confidence, normalized_margin, weighted_entropy)):
            of = [score(row, labels[i]) for i, row in enumerate(p)]
            out += block("by[%d]" % s, sorted(flagged, key=lambda i: (of[i], i)) or [-1])
            out += block("worst[%d]" % s, sorted(of)[:8], "%.9f")
        for i, values in zip(range(8), dynamics(case)):
            out += block("dynamics[%d]" % i, values, "%.9f")
        out.append("    },")
    return "\n".join(out + ["};", "/* clang-format on */", ""])


if len(sys.argv) == 3 and sys.argv[1] == "--check":
    if open(sys.argv[2]).read() != text():
        sys.exit("not ok - the stored numbers are not what the script writes")
    print("ok - the stored numbers are what the script writes")
else:
    sys.stdout.write(text())
