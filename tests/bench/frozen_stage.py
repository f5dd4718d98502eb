#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Wall time of the frozen stage, misread against PyTorch with fastai's semantics, on a sample and stated for the whole.

misread trains the head on features that are computed once (`train --epochs 4`). PyTorch does what fastai does: forward and
backward of the whole network in every epoch, since batch norm trains, and a validation behind each. Both use the same images,
split, weights, batch, rates and threads. In PyTorch's favour: its images are decoded before the clock starts and not augmented,
what Python takes to start is not counted, and it takes the faster of its memory formats; of misread everything from the start
of the process to its end is counted, with the pixels in its cache. For the whole set misread runs, from nothing (scan, decoding and
all); PyTorch's time is stated in proportion to the images that pass through its network.

  frozen_stage.py build/src/app/misread --shared ../shared                 a tenth of brain-mri, some minutes
  frozen_stage.py build/src/app/misread --shared ../shared --limit .02 --epochs 1
The exit status is 1 if misread takes over a twelfth of PyTorch's time for the whole set, or is less accurate on the sample by over
two images.
"""
import argparse
import csv
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

PYTHON = '/usr/bin/python3'  # the one that Debian's python3-torch is for
WEIGHTS = 'weights/misread_resnet34_body_f16.safetensors'
BLOCKS = (3, 4, 6, 3)
WANTED = 12
MEAN, STD = (.485, .456, .406), (.229, .224, .225)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('misread', metavar='MISREAD', help='the program')
    parser.add_argument('--shared', default='../shared', metavar='DIR', help='where data, weights and reference are')
    parser.add_argument('--set', default='brain-mri')
    parser.add_argument('--limit', default='.1', metavar='N', help='share of the images, or images of a class (.1)')
    parser.add_argument('--epochs', type=int, default=4)
    parser.add_argument('--size', type=int, default=224, metavar='PX')
    parser.add_argument('--batch', type=int, default=64, metavar='N')
    parser.add_argument('--threads', type=int, default=2, metavar='N')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--worker', metavar='CSV', help=argparse.SUPPRESS)  # PyTorch on these images, in this process
    return parser.parse_args()


# ---- PyTorch, in a process of its own ----

def read_weights(path):
    """A safetensors file of F16 and F32."""
    import numpy as np
    import torch
    data = open(path, 'rb').read()
    n, = struct.unpack('<Q', data[:8])
    kinds, found = {'F16': '<f2', 'F32': '<f4'}, {}
    for name, t in json.loads(data[8:8 + n]).items():
        if name != '__metadata__' and t['dtype'] in kinds:
            begin, end = t['data_offsets']
            values = np.frombuffer(data[8 + n + begin:8 + n + end], kinds[t['dtype']]).reshape(t['shape'])
            found[name] = torch.from_numpy(values.astype('f4'))
    return found


def make_network(weights, n_classes):
    """torchvision's ResNet-34 without its end, under fastai's head; of the body batch norm alone is trained."""
    import torch
    from torch import nn

    class Body(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleDict()

        def conv(self, x, conv, norm, stride):
            w = self.convs[conv]
            x = nn.functional.conv2d(x, w, stride=stride, padding=w.shape[2] // 2)
            return self.layers[norm.replace('.', '_')](x)

        def forward(self, x):
            x = nn.functional.max_pool2d(torch.relu(self.conv(x, 'conv1', 'bn1', 2)), 3, 2, 1)
            for layer, n in enumerate(BLOCKS, 1):
                for i in range(n):
                    at, stride = f'layer{layer}.{i}.', 2 if layer > 1 and not i else 1
                    y = torch.relu(self.conv(x, at + 'conv1', at + 'bn1', stride))
                    y = self.conv(y, at + 'conv2', at + 'bn2', 1)
                    if at + 'downsample.0' in self.convs:
                        x = self.conv(x, at + 'downsample.0', at + 'downsample.1', stride)
                    x = torch.relu(x + y)
            return torch.cat((torch.amax(x, (2, 3)), x.mean((2, 3))), 1)

    body = Body()
    body.convs = {name[:-7]: w for name, w in weights.items() if w.ndim == 4}
    for name in (name[:-13] for name in weights if name.endswith('.running_mean')):
        norm = nn.BatchNorm2d(len(weights[name + '.weight']))
        norm.load_state_dict({k: weights[f'{name}.{k}'] for k in ('weight', 'bias', 'running_mean', 'running_var')}, strict=False)
        body.layers[name.replace('.', '_')] = norm
    head = nn.Sequential(nn.BatchNorm1d(1024), nn.Dropout(.25), nn.Linear(1024, 512), nn.ReLU(), nn.BatchNorm1d(512), nn.Dropout(.5),
                         nn.Linear(512, n_classes))
    for layer in head:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return body, head


def load_images(data, rows, size):
    """As torchvision's Resize and CenterCrop, normalised."""
    import numpy as np
    import torch
    from PIL import Image
    images = []
    for row in rows:
        image = Image.open(os.path.join(data, row['path'])).convert('RGB')
        w, h = image.size
        to = (size, int(size * h / w)) if w <= h else (int(size * w / h), size)
        left, top = round((to[0] - size) / 2.), round((to[1] - size) / 2.)
        images.append(np.asarray(image.resize(to, Image.BILINEAR).crop((left, top, left + size, top + size))))
    x = torch.from_numpy(np.stack(images)).float() / 255
    return ((x - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2).contiguous()


def rate_at(step, n):
    """fastai v1's one-cycle: factor on the rate, beta1."""
    import math
    top = int(n * .3)

    def between(a, b, t):
        return b + (a - b) / 2 * (1 + math.cos(math.pi * t))

    if step < top:
        return between(1 / 25, 1, step / top), between(.95, .85, step / top)
    t = (step - top) / max(n - top, 1)
    return between(1, 1 / 2.5e5, t), between(.85, .95, t)


def work(options):
    import torch
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rows = list(csv.DictReader(open(options.worker)))
    names = sorted({row['actual'] for row in rows})
    weights = read_weights(os.path.join(options.shared, WEIGHTS))
    data = os.path.join(options.shared, 'data', options.set)
    x, y = {}, {}
    for side in ('train', 'valid'):
        chosen = [row for row in rows if row['split'] == side]
        x[side] = load_images(data, chosen, options.size)
        y[side] = torch.tensor([names.index(row['actual']) for row in chosen])
    layout = choose_layout(options, weights, x['train'], y['train'], len(names))
    x = {side: images.contiguous(memory_format=layout) for side, images in x.items()}
    began = time.perf_counter()
    accuracy = train(options, make_network(weights, len(names)), x, y, options.epochs)
    print(json.dumps({'seconds': time.perf_counter() - began, 'accuracy': accuracy, 'layout': str(layout)}))


def choose_layout(options, weights, x, y, n_classes):
    """The faster memory format, by one step of each after one that warms it up."""
    import torch
    took = {}
    for layout in (torch.contiguous_format, torch.channels_last):
        some = {side: x[:options.batch].contiguous(memory_format=layout) for side in ('train', 'valid')}
        labels = {side: y[:options.batch] for side in some}
        network = make_network(weights, n_classes)
        train(options, network, some, labels, 1)
        began = time.perf_counter()
        train(options, network, some, labels, 1)
        took[layout] = time.perf_counter() - began
    return min(took, key=took.get)


def train(options, network, x, y, n_epochs):
    """The validation accuracy after the last epoch."""
    import torch
    body, head = network
    n, batch = len(x['train']), min(options.batch, len(x['train']))
    n_batches = n // batch  # fastai drops the rest
    groups = [{'params': list(body.parameters()), 'peak': 3e-4}, {'params': list(head.parameters()), 'peak': 3e-3}]
    optimizer = torch.optim.AdamW(groups, lr=3e-3, betas=(.95, .99), eps=1e-8, weight_decay=.01)
    correct = 0
    for epoch in range(n_epochs):
        body.train(), head.train()
        order = torch.randperm(n)
        for i in range(n_batches):
            factor, beta = rate_at(epoch * n_batches + i, n_epochs * n_batches)
            for group in optimizer.param_groups:
                group['lr'], group['betas'] = group['peak'] * factor, (beta, .99)
            chosen = order[i * batch:(i + 1) * batch]
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(head(body(x['train'][chosen])), y['train'][chosen]).backward()
            optimizer.step()
        body.eval(), head.eval()
        with torch.inference_mode():
            said = torch.cat([head(body(part)).argmax(1) for part in x['valid'].split(batch)])
            correct = (said == y['valid']).sum().item()
    return correct / len(y['valid'])


# ---- misread ----

def run_misread(options, project, limit):
    """Seconds of the whole process, and the accuracy at the end. limit: options for a sample."""
    data = f'{options.shared}/data/{options.set}'
    command = [options.misread, 'train', data, '--project', project, '--headless', '--json', '--arch', 'resnet34', '--size',
               str(options.size), '--batch', str(options.batch), '--lr', '3e-3', '--epochs', str(options.epochs), '--seed',
               str(options.seed), '--threads', str(options.threads), '--split',
               f'{options.shared}/reference/split_{options.set}.tsv', '--weights', os.path.join(options.shared, WEIGHTS), *limit]
    began = time.perf_counter()
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    took = time.perf_counter() - began
    return took, [row for row in map(json.loads, lines) if row['event'] == 'epoch'][-1]['accuracy']


def list_images(options, project, path):
    """Writes which images the run had, with side and label; returns the sides."""
    done = subprocess.run([options.misread, 'report', f'{options.shared}/data/{options.set}', '--project', project, '--csv', 'predictions'],
                          stdout=subprocess.PIPE, text=True, check=True)
    with open(path, 'w', newline='') as file:
        file.write(done.stdout)
    return [row['split'] for row in csv.DictReader(done.stdout.splitlines())]


def n_passed(options, sides):
    """Images through PyTorch's network: all of validation, whole batches of training."""
    n_train = sides.count('train')
    batch = min(options.batch, n_train)
    return options.epochs * (n_train // batch * batch + sides.count('valid'))


def compare(options):
    limit = ['--limit', options.limit]
    with tempfile.TemporaryDirectory(prefix='misread-frozen-') as folder:
        project, images = os.path.join(folder, 'project'), os.path.join(folder, 'images.csv')
        run_misread(options, project, limit)  # decodes
        for path in glob.glob(os.path.join(project, 'cache', 'features-*')):
            os.unlink(path)
        ours_s, ours = run_misread(options, project, limit)
        sides = list_images(options, project, images)
        command = [PYTHON, __file__, options.misread, *sys.argv[2:], '--worker', images]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=dict(os.environ, OMP_NUM_THREADS=str(options.threads)))
        theirs = json.loads(done.stdout.splitlines()[-1])
        whole = os.path.join(folder, 'whole')
        whole_s, accuracy = run_misread(options, whole, [])
        all_sides = list_images(options, whole, images)
    theirs_whole_s = theirs['seconds'] * n_passed(options, all_sides) / n_passed(options, sides)
    ratio = theirs_whole_s / whole_s
    print(f'{options.set}, ResNet-34, {options.size} px, {options.epochs} epochs, {options.threads} threads: {len(sides)} of {len(all_sides)} images')
    print(f'PyTorch  {theirs["seconds"]:8.1f} s   accuracy {theirs["accuracy"]:.4f}   ({theirs["layout"]}; images decoded before)')
    print(f'misread  {ours_s:8.1f} s   accuracy {ours:.4f}   (features once; the whole process, pixels in the cache)')
    print(f'ratio {theirs["seconds"] / ours_s:.1f}')
    print(f'All {len(all_sides)} images: PyTorch {theirs_whole_s:.0f} s, {n_passed(options, all_sides)} instead of {n_passed(options, sides)} images '
          f'through the network; misread {whole_s:.1f} s, measured from nothing, accuracy {accuracy:.4f}')
    print(f'ratio {ratio:.1f}; wanted: at least {WANTED}')
    return 1 if ratio < WANTED or ours < theirs['accuracy'] - 2 / sides.count('valid') else 0


def main():
    options = read_options()
    if options.worker:
        return work(options)
    if subprocess.run([PYTHON, '-c', 'import torch'], stderr=subprocess.DEVNULL).returncode:
        sys.exit('frozen_stage.py: PyTorch is missing: install it with "apt-get install python3-torch"')
    return compare(options)


sys.exit(main())
