#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Can colour alone tell the classes of the demo data set? It must not.

    colour_shortcut.py DIR [LIMIT]

Fits multinomial logistic regression on 8 x 8 RGB thumbnails against the true labels in DIR/truth.csv
(stratified 80/20, five different splits), prints the mean accuracy and each class's recall, and
exits with 1 if the mean is above LIMIT (0.60).
"""
import csv
import os
import sys

import numpy as np
from PIL import Image

SIDE = 8
N_SPLITS = 5
PENALTIES = (1e-3, 1e-2, 1e-1)


def load(folder):
    with open(os.path.join(folder, "truth.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["true_label"] for row in rows})
    x = np.empty((len(rows), SIDE * SIDE * 3), np.float64)
    for i, row in enumerate(rows):
        with Image.open(os.path.join(folder, row["path"])) as image:
            small = image.convert("RGB").resize((SIDE, SIDE), Image.BOX)
        x[i] = np.asarray(small, np.float64).ravel() / 255
    y = np.array([names.index(row["true_label"]) for row in rows])
    return x, y, names


def split(y, rng):
    """Indices of a stratified fifth and of the rest."""
    held = []
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        held.extend(members[: max(1, len(members) // 5)])
    held = np.array(held)
    return np.setdiff1d(np.arange(len(y)), held), held


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def fit(x, y, n_classes, penalty, n_steps=400):
    """Accelerated gradient descent on the penalised cross entropy; the bias is the last row."""
    x = np.hstack([x, np.ones((len(x), 1))])
    target = np.eye(n_classes)[y]
    step = 1 / (0.5 * np.linalg.norm(x, 2) ** 2 / len(x) + penalty)
    w = np.zeros((x.shape[1], n_classes))
    ahead = w
    for k in range(n_steps):
        slope = x.T @ (softmax(x @ ahead) - target) / len(x) + penalty * ahead
        new = ahead - step * slope
        ahead = new + k / (k + 3) * (new - w)
        w = new
    return w


def predict(w, x):
    return (np.hstack([x, np.ones((len(x), 1))]) @ w).argmax(1)


def main():
    folder = sys.argv[1]
    limit = float(sys.argv[2]) if len(sys.argv) > 2 else 0.60
    x, y, names = load(folder)
    rng = np.random.default_rng(0)
    right = {penalty: np.zeros(len(names)) for penalty in PENALTIES}
    n_held = np.zeros(len(names))
    for _ in range(N_SPLITS):
        train, held = split(y, rng)
        mean, scale = x[train].mean(0), x[train].std(0) + 1e-6
        n_held += np.bincount(y[held], minlength=len(names))
        for penalty in PENALTIES:
            w = fit((x[train] - mean) / scale, y[train], len(names), penalty)
            hit = predict(w, (x[held] - mean) / scale) == y[held]
            right[penalty] += np.bincount(y[held], hit, minlength=len(names))
    best = max(PENALTIES, key=lambda penalty: right[penalty].sum())
    accuracy = right[best].sum() / n_held.sum()
    for name, share in zip(names, right[best] / n_held):
        print(f"{name:24} {share:.3f}")
    print(f"{'accuracy':24} {accuracy:.3f} (limit {limit:.2f}, penalty {best:g})")
    return 1 if accuracy > limit else 0


if __name__ == "__main__":
    sys.exit(main())
