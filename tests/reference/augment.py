#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What augmentation makes of a picture, worked out step by step in double precision with numpy.

Standard input: one draw a line, "size mirror_x mirror_y transpose rotate_deg zoom focus_x focus_y
m0 m1 m2 m3 brightness contrast". The picture is made of hashes: byte i is the low byte of the
splitmix64 finaliser of i. Standard output: size * size * 3 bytes for each line; with --points a
line of text each, the 12 bytes of the four pixels that tests/unit/data/test_transform.c has stored.
"""
import sys

import numpy as np


def picture(size):
    z = np.arange(size * size * 3, dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
    z = z ^ (z >> np.uint64(31))
    return (z & np.uint64(255)).astype(np.float64).reshape(size, size, 3)


def warp(x, y, m):
    """The perspective under which the corners of the picture are seen at `seen`."""
    corners = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    seen = [(-1 - m[3], -1 - m[1]), (-1 - m[2], 1 + m[1]), (1 + m[3], -1 - m[0]), (1 + m[2], 1 + m[0])]
    lines, right = [], []
    for (p, q), (u, v) in zip(seen, corners):
        lines += [[p, q, 1, 0, 0, 0, -u * p, -u * q], [0, 0, 0, p, q, 1, -v * p, -v * q]]
        right += [u, v]
    a, b, c, d, e, f, g, h = np.linalg.solve(np.array(lines, float), np.array(right, float))
    depth = g * x + h * y + 1
    return (a * x + b * y + c) / depth, (d * x + e * y + f) / depth


def source_points(size, draw):
    """Where each pixel of the result lies in the source, -1 .. 1: warp, zoom, rotation, symmetry."""
    mirror_x, mirror_y, transpose, degrees, zoom, focus_x, focus_y = draw[:7]
    line = np.linspace(-1, 1, size)
    x, y = np.meshgrid(line, line)
    x, y = warp(x, y, draw[7:11])
    x = x / zoom + (1 - 1 / zoom) * (2 * focus_x - 1)
    y = y / zoom + (1 - 1 / zoom) * (2 * focus_y - 1)
    turn = np.exp(1j * np.deg2rad(degrees)) * (x + 1j * y)
    x, y = turn.real, turn.imag
    if transpose:
        x, y = y, x
    return -x if mirror_x else x, -y if mirror_y else y


def reflect(u, size):
    """-1 .. 1 to columns 0 .. size - 1, mirrored at the centres of the outer ones."""
    at = np.mod((u + 1) / 2 * (size - 1), 2 * (size - 1))
    return np.minimum(at, 2 * (size - 1) - at)


def bilinear(image, x, y):
    left = np.clip(np.floor(x).astype(int), 0, image.shape[1] - 2)
    top = np.clip(np.floor(y).astype(int), 0, image.shape[0] - 2)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    return ((1 - fy) * ((1 - fx) * image[top, left] + fx * image[top, left + 1]) +
            fy * ((1 - fx) * image[top + 1, left] + fx * image[top + 1, left + 1]))


def light(value, brightness, contrast):
    value = np.clip(value, 1e-7, 1 - 1e-7)
    return 1 / (1 + np.exp(-contrast * (np.log(value / (1 - value)) + brightness)))


def augmented(size, draw):
    x, y = source_points(size, draw)
    value = bilinear(picture(size), reflect(x, size), reflect(y, size)) / 255
    if draw[11] != 0 or draw[12] != 1:
        value = light(value, draw[11], draw[12])
    return np.floor(value * 255 + .5).astype(np.uint8)


def main():
    for line in sys.stdin:
        size, *draw = map(float, line.split())
        made = augmented(int(size), draw)
        if '--points' in sys.argv:
            last = int(size) - 1
            at = [(0, 0), (last // 3, last // 2), (last // 2, last), (last, last // 5)]
            print(', '.join(str(v) for row, column in at for v in made[row, column]))
        else:
            sys.stdout.buffer.write(made.tobytes())


if __name__ == '__main__':
    main()
