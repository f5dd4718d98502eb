#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Learning-rate searches worked out a second time: shapes of losses, what fastai smooths them to,
where it stops, and what it suggests. Writes tests/unit/train/curves.h; --check FILE compares."""
import bisect
import math
import random
import sys

NAN = float("nan")


def rates(n):
    """SchedExp from 1e-7 to 10 at i / n."""
    return [1e-7 * (10 / 1e-7) ** (i / n) for i in range(n)]


def smooth_until_stop(losses):
    """Recorder's average and LRFinder's stop."""
    value, best, out = 0., math.inf, []
    for k, loss in enumerate(losses, 1):
        value = loss + .98 * (value - loss)  # lerp
        now = value / (1 - .98 ** k)
        out.append(now)
        if now != now or now == math.inf:
            break
        best = min(best, now)
        if now > 4 * best:
            break
    return out


def gradient(y):
    """numpy.gradient."""
    return [y[1] - y[0]] + [(b - a) / 2 for a, b in zip(y, y[2:])] + [y[-1] - y[-2]]


def argmin(y):
    return min(range(len(y)), key=y.__getitem__)


def valley(lrs, losses):
    if len(losses) < 3:
        return NAN
    # patience sorting: the longest strictly falling sequence that ends at each point
    tails, lengths = [], []
    for y in losses:
        k = bisect.bisect_left(tails, -y)
        tails[k:k + 1] = [-y]
        lengths.append(k + 1)
    end = lengths.index(max(lengths))
    start = end - lengths[end] if end else 0
    s = (end - start) / 3
    return lrs[start + math.floor(s) + math.floor(s / 2)]


def steep(lrs, losses):
    if len(losses) < 2:
        return NAN
    return lrs[argmin([(losses[i + 1] - losses[i]) / math.log(lrs[i + 1] / lrs[i])
                       for i in range(len(lrs) - 1)])]


def minimum(lrs, losses):
    return lrs[argmin(losses)] / 10 if losses else NAN


def slide(lrs, losses):
    if len(losses) < 16:
        return NAN
    g, r, l = gradient(losses), -1, -16
    lr = lrs[l]
    while l >= -len(losses) and abs(g[r] - g[l]) > .005:
        lr, r, l = lrs[l], r - 1, l - 1
    return lr


def steepest(lrs, losses):
    return lrs[argmin(gradient(losses))] if len(losses) > 1 else NAN


def suggest(n, smoothed):
    lrs, out = rates(n)[:len(smoothed)], []
    for f in (valley, steep, minimum, slide, steepest, minimum):
        first = n // 10 if len(out) < 4 else 10
        x, y = lrs[first:-5], smoothed[first:-5]
        bad = [i for i, v in enumerate(y) if not math.isfinite(v)]
        if bad:
            x, y = x[:bad[0]], y[:bad[0]]
        out.append(f(x, y))
    return out


def falls_and_explodes(n, noise, seed, explosion=.3, depth=1.5):
    """The usual shape: flat, a fall around 1e-3, an explosion near the given rate."""
    rng, out = random.Random(seed), []
    for lr in rates(n):
        z = math.log10(lr)
        y = 2.3 - depth / (1 + math.exp(-2.5 * (z + 3.2))) + (lr / explosion) ** 2
        out.append(y * (1 + noise * rng.uniform(-1, 1)))
    return out


def shapes():
    yield "smooth", 100, falls_and_explodes(100, 0, 0)
    yield "noisy", 100, falls_and_explodes(100, .25, 1)
    yield "early divergence", 100, falls_and_explodes(100, .05, 2, explosion=2e-5, depth=.2)
    yield "falling for ever", 100, [3 * .97 ** i for i in range(100)]
    yield "rising for ever", 100, [.5 + .01 * i for i in range(100)]
    yield "not a number", 100, [y if i < 70 else NAN
                                for i, y in enumerate(falls_and_explodes(100, .1, 3))]
    yield "over before it began", 100, [2.3] * 11 + [NAN] * 89
    yield "infinite", 60, [y if i < 44 else math.inf
                           for i, y in enumerate(falls_and_explodes(60, .1, 4))]
    yield "short", 20, falls_and_explodes(20, .1, 5)
    yield "long", 300, falls_and_explodes(300, .4, 6)
    yield "least", 6, [3., 2.5, 2., 1.8, 1.7, 1.6]


def number(x):
    if x != x:
        return "NAN"
    return "INFINITY" if x == math.inf else "%.9g" % x


def listed(values):
    lines, line = [], "       "
    for v in values:
        if len(line) + len(v) + 2 > 99:
            lines.append(line)
            line = "       "
        line += " " + v + ","
    return "\n".join(lines + [line])


def text():
    out = ["/* SPDX-License-Identifier: MIT */",
           "/* Written by tests/reference/curves.py, which says what it is. */", "",
           "/* clang-format off */", "static const struct stored {", "    const char *shape;",
           "    int n_planned, n; /* losses there are; the search ends at the n-th */",
           "    double losses[300];", "    double smoothed; /* the last */",
           "    double suggestions[6];", "} stored[] = {"]
    for name, n, losses in shapes():
        losses = [float(number(v).replace("INFINITY", "inf")) for v in losses]
        smoothed = smooth_until_stop(losses)
        out += ['    {"%s", %d, %d, {' % (name, n, len(smoothed)),
                listed([number(v) for v in losses]), "     },",
                "     %s, {" % number(smoothed[-1]),
                listed(["%.12g" % v if v == v else "NAN" for v in suggest(n, smoothed)]),
                "     }},"]
    return "\n".join(out + ["};", "/* clang-format on */", ""])


if len(sys.argv) == 3 and sys.argv[1] == "--check":
    if open(sys.argv[2]).read() != text():
        sys.exit("not ok - the stored curves are not what the script writes")
    print("ok - the stored curves are what the script writes")
else:
    sys.stdout.write(text())
