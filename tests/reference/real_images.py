#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What PyTorch says of 50 real images, for tests/unit/nn/test_real_images.c; needs PyTorch and Pillow.

usage: real_images.py SHARED > tests/unit/nn/real_numbers.h      (the folder of reference data)

30 frames of data/kvasir-seg and 20 slices of data/brain-mri go through a ResNet-18 with the weights of
weights/misread_resnet18_mix329_f16.pth, in double precision, twice:

  tensor  of the decoded picture the nearest pixel at (i * height // 224, j * width // 224): integers alone, so that
          whoever decodes to the same bytes (their CRC-32 is stored) has the same tensor to the bit
  file    as torchvision.transforms.Resize(224) and CenterCrop(224) on a Pillow image: bilinear, antialiased

Of the 329 logits some stand in the table, and all of them in two sums: the root of the mean square, and the mean
times signs (+ where the bits of the class number are odd in number).
"""
import glob
import sys
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

SIDE = 224
N_CLASSES = 329
SHOWN = range(5, N_CLASSES, 29)  # the classes whose logits are stored
WEIGHTS = 'weights/misread_resnet18_mix329_f16.pth'
MEAN = torch.tensor([.485, .456, .406], dtype=torch.float64)
STD = torch.tensor([.229, .224, .225], dtype=torch.float64)


def norm(x, w, name):
    return F.batch_norm(x, w[name + '.running_mean'], w[name + '.running_var'], w[name + '.weight'], w[name + '.bias'])


def resnet18(x, w):
    """torchvision's network in evaluation, from its state_dict."""
    x = F.max_pool2d(F.relu(norm(F.conv2d(x, w['conv1.weight'], stride=2, padding=3), w, 'bn1')), 3, 2, 1)
    for stage in range(1, 5):
        for block in range(2):
            at = f'layer{stage}.{block}.'
            stride = 2 if stage > 1 and block == 0 else 1
            y = F.relu(norm(F.conv2d(x, w[at + 'conv1.weight'], stride=stride, padding=1), w, at + 'bn1'))
            y = norm(F.conv2d(y, w[at + 'conv2.weight'], padding=1), w, at + 'bn2')
            if at + 'downsample.0.weight' in w:
                x = norm(F.conv2d(x, w[at + 'downsample.0.weight'], stride=stride), w, at + 'downsample.1')
            x = F.relu(x + y)
    return F.linear(x.mean((2, 3)), w['fc.weight'], w['fc.bias'])


def logits_of(pixels, weights):
    x = (torch.from_numpy(pixels.astype(np.float64)) / 255 - MEAN) / STD
    return resnet18(x.permute(2, 0, 1)[None], weights)[0].numpy()


def nearest(pixels):
    h, w, _ = pixels.shape
    rows, columns = np.arange(SIDE) * h // SIDE, np.arange(SIDE) * w // SIDE
    return np.ascontiguousarray(pixels[rows][:, columns])


def resized(image):
    """torchvision's Resize and CenterCrop, whose long side is cut and whose corner is rounded to even."""
    w, h = image.size
    size = (SIDE, int(SIDE * h / w)) if w <= h else (int(SIDE * w / h), SIDE)
    left, top = round((size[0] - SIDE) / 2.), round((size[1] - SIDE) / 2.)
    return np.asarray(image.resize(size, Image.BILINEAR).crop((left, top, left + SIDE, top + SIDE)))


def numbers(logits):
    signs = np.array([1 if bin(c).count('1') % 2 else -1 for c in range(N_CLASSES)])
    shown = ', '.join('%.8g' % logits[c] for c in SHOWN)
    return f'{{{logits.argmax()}, {np.sqrt((logits ** 2).mean()):.9g}, {(logits * signs).mean():.9g},\n  {{{shown}}}}}'


def rows(shared, weights):
    frames = sorted(glob.glob(f'{shared}/data/kvasir-seg/images/*.jpg'))[::3][:30]
    slices = sorted(glob.glob(f'{shared}/data/brain-mri/*/*.jpg'))[::142][:20]
    for path in frames + slices:
        image = Image.open(path).convert('RGB')
        tensor = nearest(np.asarray(image))
        yield (f'{{"{path[len(shared) + 1:]}", 0x{zlib.crc32(tensor.tobytes()):08x},\n'
               f' {numbers(logits_of(tensor, weights))},\n {numbers(logits_of(resized(image), weights))}}},')


HEAD = f'''/* SPDX-License-Identifier: MIT */
/* Made by tests/reference/real_images.py: what PyTorch says of real images. */
#ifndef MISREAD_TESTS_NN_REAL_NUMBERS_H
#define MISREAD_TESTS_NN_REAL_NUMBERS_H

#define REAL_WEIGHTS   "{WEIGHTS}"
#define REAL_N_CLASSES {N_CLASSES}
#define REAL_SIDE      {SIDE}
#define REAL_FIRST     {SHOWN.start} /* class of the first logit shown, */
#define REAL_STEP      {SHOWN.step} /* and from one to the next */
#define REAL_N_SHOWN   {len(SHOWN)}

struct real_logits {{
    int top;
    double rms, signed_mean;
    double shown[REAL_N_SHOWN];
}};

/* clang-format off */
static const struct real_image {{
    const char *path; /* in the reference data */
    unsigned crc;     /* of the bytes that became the tensor */
    struct real_logits tensor, file;
}} real_images[] = {{'''

TAIL = '''};
/* clang-format on */

#endif'''


def main(shared):
    weights = {name: t.double() for name, t in torch.load(f'{shared}/{WEIGHTS}').items()}
    print(HEAD)
    for row in rows(shared.rstrip('/'), weights):
        print(row)
    print(TAIL)


with torch.no_grad():
    main(*sys.argv[1:])
