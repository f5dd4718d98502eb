#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How fast is the pixel cache built, compared with a Pillow script of as many processes?

    against_pillow.py CACHE_BUILD DATA... [--size 224] [--processes 2] [--pairs 7]

CACHE_BUILD is the program of that name in the build's tests/bench. For every DATA (a folder with images
somewhere in it) both sides make the same pixels of the same files, in turns: ours a cache (sandboxed
decode, antialiased resize and centre crop, write), Pillow's a numpy array mapped from a file (full decode,
the same resize and crop). Prints the images a second of every pair, the processor time an image took, and
the median of the ratios.

What could favour one side: the files are read once before; Pillow's processes are started, and its file
made, before its clock starts, as our decoders are; both wait until the pixels are on the disk; both run
at the priority of our decoders (nice 10). Ours has to know its images first: the scan (hashes, rows of
the store) is timed by itself and counted in "with scan" and in the processor time.
On a busy machine the processor time tells more than the images a second.
"""
import argparse
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import tempfile
import time

import numpy as np
from PIL import Image

SUFFIXES = (".jpg", ".jpeg", ".png")
DECODER_NICE = 10


def find_images(data):
    return sorted(os.path.join(folder, name)
                  for folder, _, names in os.walk(data) if "/." not in folder
                  for name in names if name.lower().endswith(SUFFIXES))


def link_classes(paths, folder):
    """A data folder of two classes: a scan wants that many."""
    for i, path in enumerate(paths):
        label = os.path.join(folder, "ab"[i % 2])
        os.makedirs(label, exist_ok=True)
        os.symlink(os.path.abspath(path), os.path.join(label, f"{i}{os.path.splitext(path)[1]}"))


def read_all(paths):
    for path in paths:
        with open(path, "rb") as file:
            file.read()


def children_ms():
    """Processor time of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e3


def build_ours(program, data, scratch, size, processes):
    """What the program printed, and its processor time."""
    before = children_ms()
    with tempfile.TemporaryDirectory(dir=scratch) as project:
        answer = subprocess.run([program, data, project, str(size), str(processes)], check=True,
                                stdout=subprocess.PIPE)
    return {**json.loads(answer.stdout), "cpu_ms": children_ms() - before}


def crop_box(w, h, size):
    """What the centre size x size of a w x h image shows, once its short side is resized to size."""
    side = min(w, h)
    to_w, to_h = ((2 * n * size + side) // (2 * side) for n in (w, h))
    x, y = (to_w - size) // 2, (to_h - size) // 2
    return (x * w / to_w, y * h / to_h, (x + size) * w / to_w, (y + size) * h / to_h)


def open_pixels(name, shape):
    global pixels
    pixels = np.memmap(name, np.uint8, "r+", shape=shape)


def fill(job):
    index, path = job
    size = pixels.shape[1]
    with Image.open(path) as image:
        image = image.convert("RGB")
        pixels[index] = image.resize((size, size), Image.BILINEAR, box=crop_box(*image.size, size),
                                     reducing_gap=None)


def build_pillow(paths, scratch, size, processes):
    before = children_ms()
    shape = (len(paths), size, size, 3)
    with tempfile.NamedTemporaryFile(dir=scratch) as file:
        made = np.memmap(file.name, np.uint8, "w+", shape=shape)
        pool = multiprocessing.Pool(processes, open_pixels, (file.name, shape))
        pool.map(abs, range(processes), chunksize=1)  # until all have started
        began = time.monotonic()
        pool.map(fill, enumerate(paths), chunksize=8)
        made.flush()
        took = time.monotonic() - began
        pool.close()
        pool.join()
    return {"ms": took * 1e3, "cpu_ms": children_ms() - before}


def compare_once(args, paths, folder, scratch, ours_first):
    for ours_now in (ours_first, not ours_first):
        if ours_now:
            ours = build_ours(args.program, folder, scratch, args.size, args.processes)
        else:
            pillow = build_pillow(paths, scratch, args.size, args.processes)
    if ours["images"] != len(paths):
        raise SystemExit(f"{len(paths) - ours['images']} images are unreadable: no fair comparison")
    return {"ratio": pillow["ms"] / ours["cache_ms"],
            "with scan": pillow["ms"] / (ours["scan_ms"] + ours["cache_ms"]),
            "cpu": pillow["cpu_ms"] / ours["cpu_ms"],
            "ours": len(paths) / ours["cache_ms"] * 1e3, "ours_cpu": ours["cpu_ms"] / len(paths),
            "pillow": len(paths) / pillow["ms"] * 1e3, "pillow_cpu": pillow["cpu_ms"] / len(paths),
            "first": ours["first_decode_ms"]}


def compare(args, data, scratch):
    paths = find_images(data)
    folder = tempfile.mkdtemp(dir=scratch)
    link_classes(paths, folder)
    read_all(paths)
    print(f"{data}: {len(paths)} images to {args.size} px, {args.processes} processes")
    pairs = []
    for i in range(args.pairs):
        pairs.append(compare_once(args, paths, folder, scratch, ours_first=i % 2 == 1))
        print("  misread {ours:5.0f} images/s, {ours_cpu:.2f} ms of processor time an image;  "
              "Pillow {pillow:5.0f}, {pillow_cpu:.2f};  {ratio:.2f} times".format(**pairs[-1]),
              flush=True)
    middle = {key: statistics.median(pair[key] for pair in pairs) for key in pairs[0]}
    print("  median {ratio:.2f} times; with scan {with scan:.2f}; by processor time {cpu:.2f}; "
          "first decode after {first:.0f} ms".format(**middle))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip())
    parser.add_argument("program")
    parser.add_argument("data", nargs="+")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=7)
    args = parser.parse_args()
    os.setpriority(os.PRIO_PROCESS, 0, max(DECODER_NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    with tempfile.TemporaryDirectory(prefix="misread-pillow-") as scratch:
        for data in args.data:
            compare(args, data, scratch)


if __name__ == "__main__":
    main()
