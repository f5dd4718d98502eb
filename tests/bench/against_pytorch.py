#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""misread and PyTorch in turn on the same network, shapes, threads and optimiser; what counts is the ratio within a pair.

Each block is a process of its own; its first step is left out and the median step reported. The machine's other work
comes and goes, so blocks that follow one another are compared, and the median of the pairs is the answer.

  against_pytorch.py build/src/app/misread
  against_pytorch.py --arch resnet18 --size 64 --mode infer --pairs 3 build/src/app/misread
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

PYTHON = '/usr/bin/python3'  # the one that Debian's python3-torch is for
FEWEST_STEPS = 5  # as in misread bench
BLOCKS = {'resnet18': ((2, 2, 2, 2), 1), 'resnet34': ((3, 4, 6, 3), 1), 'resnet50': ((3, 4, 6, 3), 4)}
FORMATS = ('contiguous', 'channels_last')


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('misread', metavar='MISREAD', help='the program')
    parser.add_argument('--arch', choices=BLOCKS, default='resnet34')
    parser.add_argument('--size', type=int, default=224, metavar='PX')
    parser.add_argument('--batch', type=int, default=32, metavar='N')
    parser.add_argument('--mode', choices=('train', 'infer'), default='train')
    parser.add_argument('--pairs', type=int, default=5, metavar='N')
    parser.add_argument('--threads', type=int, default=2, metavar='N')
    parser.add_argument('--seconds', type=float, default=10, metavar='S', help='of a block, at least (10)')
    parser.add_argument('--worker', choices=FORMATS, help=argparse.SUPPRESS)  # one block of PyTorch, in this process
    return parser.parse_args()


# ---- one block of PyTorch ----

def make_network(arch):
    """torchvision's structure, without needing torchvision."""
    from torch import nn
    n_blocks, expansion = BLOCKS[arch]

    def conv(c_in, c_out, k, stride=1):
        return [nn.Conv2d(c_in, c_out, k, stride, k // 2, bias=False), nn.BatchNorm2d(c_out)]

    class Block(nn.Module):
        def __init__(self, c_in, width, stride):
            super().__init__()
            c_out, relu = width * expansion, nn.ReLU(inplace=True)
            if expansion == 1:
                path = conv(c_in, width, 3, stride) + [relu] + conv(width, c_out, 3)
            else:
                path = conv(c_in, width, 1) + [relu] + conv(width, width, 3, stride) + [relu] + conv(width, c_out, 1)
            self.path, self.relu = nn.Sequential(*path), relu
            changes = stride != 1 or c_in != c_out
            self.shortcut = nn.Sequential(*conv(c_in, c_out, 1, stride)) if changes else nn.Identity()

        def forward(self, x):
            return self.relu(self.path(x) + self.shortcut(x))

    layers, c = conv(3, 64, 7, 2) + [nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)], 64
    for layer, n in enumerate(n_blocks):
        for i in range(n):
            layers.append(Block(c, 64 << layer, 2 if layer and not i else 1))
            c = (64 << layer) * expansion
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 1000))


def make_step(options):
    import torch
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    layout = torch.channels_last if options.worker == 'channels_last' else torch.contiguous_format
    network = make_network(options.arch).to(memory_format=layout)
    x = torch.randn(options.batch, 3, options.size, options.size).to(memory_format=layout)
    labels = torch.randint(1000, (options.batch,))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-5, weight_decay=.01)

    def train():
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(network(x), labels).backward()
        optimizer.step()

    def infer():
        with torch.inference_mode():
            network(x)

    network.train(options.mode == 'train')
    return train if options.mode == 'train' else infer


def work(options):
    step, took = make_step(options), []
    step()
    began = time.perf_counter()
    while len(took) < FEWEST_STEPS or time.perf_counter() - began < options.seconds:
        at = time.perf_counter()
        step()
        took.append(time.perf_counter() - at)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({'images_per_s': options.batch / statistics.median(took), 'peak_rss_mb': memory}))


# ---- both in turn ----

def shape(options):
    return [f'--{name}={getattr(options, name)}' for name in ('arch', 'size', 'batch', 'mode', 'threads')]


def answer(command, **env):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ, **env))
    if done.returncode:
        sys.exit(f'against_pytorch.py: {command[0]} failed with status {done.returncode}')
    return json.loads(done.stdout)


def run_pytorch(options, layout, seconds):
    command = [PYTHON, __file__, *shape(options), f'--seconds={seconds}', f'--worker={layout}', options.misread]
    return answer(command, OMP_NUM_THREADS=str(options.threads))


def run_misread(options):
    command = [options.misread, 'bench', '--json', *shape(options), f'--seconds={max(options.seconds, .001)}']
    return answer(command)['results'][0]


def choose_layout(options):
    """The faster memory format of PyTorch here."""
    speeds = {layout: run_pytorch(options, layout, options.seconds / 2)['images_per_s'] for layout in FORMATS}
    print('PyTorch: ' + ', '.join(f'{layout} {speed:.1f} images/s' for layout, speed in speeds.items()))
    return max(speeds, key=speeds.get)


def compare(options):
    layout, ratios = choose_layout(options), []
    print(f'{options.arch}, {options.size} px, batch {options.batch}, {options.mode}, {options.threads} threads; '
          f'PyTorch {layout}\n')
    print('pair   misread images/s   PyTorch images/s   ratio   misread MB   PyTorch MB')
    for pair in range(1, options.pairs + 1):
        ours, theirs = run_misread(options), run_pytorch(options, layout, options.seconds)
        ratios.append(ours['images_per_s'] / theirs['images_per_s'])
        print(f'{pair:4}   {ours["images_per_s"]:16.1f}   {theirs["images_per_s"]:16.1f}   {ratios[-1]:5.2f}'
              f'   {ours["peak_rss_mb"]:10.0f}   {theirs["peak_rss_mb"]:10.0f}', flush=True)
    print(f'\nmedian ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}): '
          'above 1 misread is faster')


def main():
    options = read_options()
    if options.worker:
        work(options)
    elif subprocess.run([PYTHON, '-c', 'import torch'], stderr=subprocess.DEVNULL).returncode:
        sys.exit('against_pytorch.py: PyTorch is missing: install it with "apt-get install python3-torch"')
    else:
        compare(options)


main()
