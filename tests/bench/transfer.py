#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Transfer learning against PyTorch's stored results: the same images, splits, weights and recipe, phase by phase.

Takes hours in all; choose with --arch, --set and --phase (parts of their names), go on another day with --keep. A phase
passes if the mean of the seeds is at most 2 points below PyTorch's mean; the exit status is 1 if one does not.

  transfer.py build/src/app/misread --shared ../shared --phase cached
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

WEIGHTS = {'resnet18': 'misread_resnet18_mix329_f16.pth', 'resnet34': 'misread_resnet34_body_f16.safetensors'}
SETS = ('brain-mri', 'kvasir-patches')
NORM = ['--freeze', 'norm', '--max-warp', '0']  # the reference was augmented without perspective
BOTH = tuple(WEIGHTS)
# Which networks, options, and what the reference calls the state after an epoch. ResNet-18 suffices where the whole
# network is trained: the other takes hours more.
RUNS = [
    (BOTH, ['--epochs', '4'], {4: 'b2 cached no-aug 4 epochs'}),
    (BOTH, ['--epochs', '12'], {12: 'b2 cached no-aug 12 epochs'}),
    (('resnet34',), [*NORM, '--epochs', '4'], {4: 'b frozen(BN train) 4 epochs'}),
    (('resnet18',), [*NORM, '--epochs', '4+4', '--whole-lr', '3e-5:3e-3'],
     {4: 'b frozen(BN train) 4 epochs', 8: 'c unfrozen +4 slice(3e-5,3e-3)'}),
    (('resnet18',), [*NORM, '--epochs', '4+4', '--whole-lr', '1e-6:1e-4'], {8: 'c unfrozen +4 slice(1e-6,1e-4)'}),
    (('resnet18',), ['--weights', 'none', '--head', 'fastai', '--max-warp', '0', '--epochs', '4'],
     {4: 'a scratch 4 epochs lr3e-3'}),
]


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('misread', metavar='MISREAD', help='the program')
    parser.add_argument('--shared', default='../shared', metavar='DIR', help='where data, weights and reference are')
    parser.add_argument('--arch', default='', metavar='PART')
    parser.add_argument('--set', default='', metavar='PART')
    parser.add_argument('--phase', default='', metavar='PART')
    parser.add_argument('--seeds', type=int, default=3, metavar='N')
    parser.add_argument('--threads', type=int, default=2, metavar='N')
    parser.add_argument('--keep', metavar='FILE', help='results, a line each; those that it has are not measured again')
    return parser.parse_args()


def train(options, project, arch, name, seed, more):
    """The validation accuracy after each epoch, the first at index 1."""
    command = [options.misread, 'train', f'{options.shared}/data/{name}', '--project', project, '--headless', '--json',
               '--arch', arch, '--size', '224', '--batch', '64', '--lr', '3e-3', '--seed', str(seed), '--split',
               f'{options.shared}/reference/split_{name}.tsv', '--threads', str(options.threads)]
    if '--weights' not in more:
        command += ['--weights', f'{options.shared}/weights/{WEIGHTS[arch]}']
    lines = subprocess.run([*command, *more], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    return [None] + [row['accuracy'] for row in rows if row['event'] == 'epoch']


def measure(options, kept, project, arch, name, more):
    """The accuracies after each epoch, seed by seed, those from earlier measurements among them."""
    runs = []
    for seed in range(options.seeds):
        key = json.dumps([name, arch, more, seed])
        if key not in kept:
            kept[key] = train(options, project, arch, name, seed, more)
            if options.keep:
                with open(options.keep, 'a') as file:
                    file.write(json.dumps([key, kept[key]]) + '\n')
        runs.append(kept[key])
    return runs


def read_kept(path):
    if not path or not os.path.exists(path):
        return {}
    with open(path) as file:
        return dict(json.loads(line) for line in file)


def theirs(reference, arch, name, phase):
    return [run['acc'] for run in reference if (run['arch'], run['set'], run['phase']) == (arch, name, phase)]


def told(values):
    return f'{100 * statistics.mean(values):.1f} ({100 * min(values):.1f}-{100 * max(values):.1f})'


def main():
    options = read_options()
    with open(f'{options.shared}/reference/transfer_results.json') as file:
        reference = json.load(file)
    kept, status = read_kept(options.keep), 0
    print('| network | set | phase | misread | PyTorch | difference |\n|---|---|---|---|---|---|', flush=True)
    for name in (s for s in SETS if options.set in s):
        with tempfile.TemporaryDirectory(prefix='misread-transfer-') as folder:
            for archs, more, phases in RUNS:
                wanted = {epoch: phase for epoch, phase in phases.items() if options.phase in phase}
                for arch in (a for a in archs if wanted and options.arch in a):
                    runs = measure(options, kept, os.path.join(folder, 'project'), arch, name, more)
                    for epoch, phase in wanted.items():
                        ours, other = [run[epoch] for run in runs], theirs(reference, arch, name, phase)
                        points = 100 * (statistics.mean(ours) - statistics.mean(other))
                        print(f'| {arch} | {name} | {phase} | {told(ours)} | {told(other)} | {points:+.1f} |',
                              flush=True)
                        status |= points < -2
    return status


sys.exit(main())
