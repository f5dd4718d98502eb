#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures of pictures as cleanvision defines them (dark, light, entropy, blur), the perceptual hash
as imagehash does (8 x 8 of a 32 x 32 DCT, each against the median), with an endoscope's black frame
left out, in numpy and Pillow. The pictures are made of whole numbers, here as in
tests/unit/image/test_measure.c, whose table this prints.
"""
import numpy as np
from PIL import Image, ImageFilter

NEARLY_BLACK, LEAST_PIECE = 24, 8


def picture(kind, w, h):
    """Level c of pixel (x, y): smooth waves of whole numbers, framed, dimmed or boxed by kind."""
    y, x = np.mgrid[0:h, 0:w]

    def wave(a, b, m):
        v = (a * x + b * y) % (2 * m)
        return np.where(v < m, v, 2 * m - v)

    rgb = np.stack([90 + wave(3, 2, 70), 40 + wave(2, 5, 50), 30 + wave(5, 1, 40)], axis=-1)
    rgb += ((7 * x + 13 * y + x * y) % 9)[..., None]
    if kind == "dark":
        rgb = rgb // 4
    if kind == "light":
        rgb = 255 - rgb // 30
    if kind == "flat":
        rgb = np.where(((x // 8 + y // 8) % 2)[..., None] > 0, 120, 125) + 0 * rgb
    if kind in ("frame", "box", "dark"):
        out = np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y)) < 6
        out |= np.minimum(x, w - 1 - x) + np.minimum(y, h - 1 - y) < 30
        out |= x < w // 6
        rgb = np.where(out[..., None], np.array([3, 2, 4]), rgb)
        rgb[20:27, 4:9] = 210  # a letter on the black
    if kind == "box":
        top = h - h // 3
        rgb[top - 2:, :w // 4 + 2] = 2
        rgb[top:h - 3, 3:w // 4] = (8, 70, 30)
    return rgb.astype(np.uint8)


def pieces(mask):
    """Labels of the pieces of a mask that hang together by sides; 0 outside of it."""
    labels = np.zeros(mask.shape, int)
    count = 0
    for start in zip(*np.nonzero(mask)):
        if labels[start]:
            continue
        count += 1
        todo = [start]
        labels[start] = count
        while todo:
            y, x = todo.pop()
            for j, i in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= j < mask.shape[0] and 0 <= i < mask.shape[1] and mask[j, i] \
                        and not labels[j, i]:
                    labels[j, i] = count
                    todo.append((j, i))
    return labels


def frame(rgb):
    """True where there is picture."""
    dark = pieces((rgb <= NEARLY_BLACK).all(axis=-1))
    rim = set(dark[0]) | set(dark[-1]) | set(dark[:, 0]) | set(dark[:, -1])
    rest = pieces(~np.isin(dark, list(rim - {0})))
    sizes = np.bincount(rest.ravel())
    kept = [i for i in range(1, len(sizes)) if sizes[i] * LEAST_PIECE >= rest.size]
    mask = np.isin(rest, kept)
    return mask if mask.any() else np.ones_like(mask)


def grey(rgb):
    return np.asarray(Image.fromarray(rgb).convert("L")).astype(int)


def shrink(rgb, mask, side, reach):
    h, w = mask.shape
    most = max(w, h)
    size = (max(int(w * side / most), 1), max(int(h * side / most), 1)) if most > side else (w, h)
    small = np.asarray(Image.fromarray(rgb).resize(size, Image.BILINEAR))
    kept = np.ones(size[::-1], bool)
    for y, x in zip(*np.nonzero(~mask)):
        j, i = y * size[1] // h, x * size[0] // w
        kept[max(j - reach, 0):j + reach + 1, max(i - reach, 0):i + reach + 1] = False
    return grey(small), kept if kept.any() else np.ones_like(kept)


def sharpness(rgb, mask):
    g, kept = shrink(rgb, mask, 64, 1)
    edges = np.asarray(Image.fromarray(g.astype(np.uint8)).filter(ImageFilter.FIND_EDGES)).astype(int)
    padded = np.pad(kept, 1)
    inner = np.all([padded[1 + j:1 + j + g.shape[0], 1 + i:1 + i + g.shape[1]]
                    for j in (-1, 0, 1) for i in (-1, 0, 1)], axis=0)
    edges = np.where(inner, edges, g)[kept]
    counts = np.bincount(g[kept], minlength=256) * (g.size / kept.sum())
    b, s = 1 - np.exp(-.01 * edges.std()), 1 - np.exp(-.01 * counts.std())
    return min(b + (s if s > .18 else 0), 1)


def detail(rgb, mask):
    g, kept = shrink(rgb, mask, 256, 5)
    c = g[1:-1, 1:-1]
    size = np.abs(4 * c - g[:-2, 1:-1] - g[2:, 1:-1] - g[1:-1, :-2] - g[1:-1, 2:])
    spread = g[kept].std()
    return size[kept[1:-1, 1:-1]].mean() / spread if spread else 0


def look(rgb, mask):
    ys, xs = np.nonzero(mask)
    cut = rgb.copy()
    cut[~mask] = np.floor(rgb[mask].mean(axis=0) + .5)
    cut = cut[ys.min():ys.max() + 1, xs.min():xs.max() + 1]
    g = grey(np.asarray(Image.fromarray(cut).resize((32, 32), Image.BILINEAR)))
    n = np.arange(32)
    waves = np.array([np.cos(np.pi * u * (2 * n + 1) / 64) for u in range(8)])
    terms = waves @ g @ waves.T
    bits = (terms > np.median(terms)).ravel()
    thumb = (g[::2, ::2] + g[1::2, ::2] + g[::2, 1::2] + g[1::2, 1::2] + 2) // 4
    return sum(int(b) << (63 - i) for i, b in enumerate(bits)), thumb


def measures(rgb):
    h, w, _ = rgb.shape
    if max(w, h) > 1024:
        size = (round(w * 1024 / max(w, h)), round(h * 1024 / max(w, h)))
        rgb = np.asarray(Image.fromarray(rgb).resize(size, Image.BILINEAR))
    mask = frame(rgb)
    r, g, b = (rgb[..., c].astype(float) for c in range(3))
    bright = (np.sqrt(.241 * r * r + .691 * g * g + .068 * b * b) / 255)[mask]
    share = np.bincount(grey(rgb)[mask], minlength=256) / mask.sum()
    share = share[share > 0]
    bits, thumb = look(rgb, mask)
    return (np.percentile(bright, 99), np.percentile(bright, 5), -(share * np.log2(share)).sum(),
            sharpness(rgb, mask), detail(rgb, mask), bits, int(thumb.sum()))


for kind, w, h in (("plain", 90, 70), ("frame", 150, 120), ("dark", 150, 120), ("light", 80, 64),
                   ("flat", 100, 90), ("box", 300, 240), ("frame", 1100, 500)):
    m = measures(picture(kind, w, h))
    print('{"%s", %d, %d, %.6f, %.6f, %.6f, %.6f, %.6f, UINT64_C(0x%016x), %d},'
          % ((kind, w, h) + m))
