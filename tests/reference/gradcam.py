#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the header tests/unit/explain/gradcam_numbers.h: Grad-CAM by PyTorch's own hooks and autograd
(1.13, torchvision 0.14) on a pretrained ResNet-18, with its own head and with fastai's (the hashed one of
tests/parity/hashed.h), for painted images and the first two classes of each.

usage: gradcam.py misread_resnet18_mix329_f16.pth > gradcam_numbers.h
"""
import sys

import numpy as np
import torch
import torchvision

M64 = (1 << 64) - 1
SIDE, IMAGES, CLASSES = 224, 3, 5
MEAN, STD = np.array([.485, .456, .406]), np.array([.229, .224, .225])


def mix64(z):
    z = np.asarray(z, dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def hashed(name, shape, base, bound):
    key = 0xCBF29CE484222325
    for c in name.encode():
        key = ((key ^ c) * 0x100000001B3) & M64
    i = np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64)
    r = mix64(np.uint64(key) + i * np.uint64(0x9E3779B97F4A7C15))
    u = (r >> np.uint64(40)).astype(np.float64) - (1 << 23)
    return torch.from_numpy((base + u * bound / 8388608.0).astype(np.float32).reshape(shape))


def paint(k):
    """A gradient and three discs, half of each in darker stripes; all of it integers."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    rgb = np.stack([40 + 60 * y // SIDE, 90 + 50 * x // SIDE, np.full_like(x, 60 + 20 * k)], -1)
    for j in range(3):
        h = int(mix64(np.array([k * 16 + j + 1]))[0])
        cx, cy, r = 30 + h % 164, 30 + (h >> 8) % 164, 15 + (h >> 16) % 35
        colour = np.array([(h >> s) & 255 for s in (24, 32, 40)])
        inside = (x - cx) ** 2 + (y - cy) ** 2 < r * r
        dark = inside & (((x + y) // 8) % 2 == 1)
        rgb[inside] = colour
        rgb[dark] = colour // 2
    pixels = ((rgb / 255.0 - MEAN) / STD).astype(np.float32)
    return torch.from_numpy(pixels.transpose(2, 0, 1))


class Fastai(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.fc1 = torch.nn.BatchNorm1d(1024), torch.nn.Linear(1024, 512)
        self.norm2, self.fc2 = torch.nn.BatchNorm1d(512), torch.nn.Linear(512, CLASSES)
        with torch.no_grad():
            for name, t in self.state_dict().items():
                name = "head." + name
                if t.dim() == 2:
                    t.copy_(hashed(name, t.shape, 0, np.sqrt(1 / t.shape[1])))
                elif name.endswith(("fc1.bias", "fc2.bias")):
                    t.copy_(hashed(name, t.shape, 0, .01))
                elif "running" not in name and t.dim():
                    t.copy_(hashed(name, t.shape, float(name.endswith("weight")), .1))

    def forward(self, a):
        x = torch.cat([a.amax((2, 3)), a.mean((2, 3))], 1)
        return self.fc2(self.norm2(torch.relu(self.fc1(self.norm1(x)))))


class Plain(torch.nn.Module):
    def __init__(self, fc):
        super().__init__()
        self.fc = fc

    def forward(self, a):
        return self.fc(a.mean((2, 3)))


def gradcam(body, head, image, cls):
    a = body(image[None]).detach().requires_grad_()
    head(a)[0, cls].backward()
    weights = a.grad.mean((2, 3), keepdim=True)
    heat = torch.relu((weights * a).sum(1))[0].detach()
    return heat / heat.max() if heat.max() > 0 else heat


def main():
    state = {k: v.float() for k, v in torch.load(sys.argv[1]).items()}
    net = torchvision.models.resnet18(num_classes=329)
    net.load_state_dict(state)
    net.eval()
    body = torch.nn.Sequential(*list(net.children())[:-2])
    print("/* SPDX-License-Identifier: MIT */\n/* Made by tests/reference/gradcam.py. */\n")
    print("static const struct {\n    enum mr_head_kind head;\n    int image, class_id;\n"
          "    float heat[49];\n} numbers[] = {")
    for kind, head in (("PLAIN", Plain(net.fc)), ("CONCAT", Fastai().eval())):
        for k in range(IMAGES):
            image = paint(k)
            logits = head(body(image[None]))[0]
            for cls in logits.argsort(descending=True)[:2].tolist():
                heat = gradcam(body, head, image, cls).flatten().tolist()
                print(f"    {{MR_HEAD_{kind}, {k}, {cls},")
                for row in range(7):
                    values = ", ".join(f"{v:.4f}f" for v in heat[row * 7:row * 7 + 7])
                    print(f"     {'{' if row == 0 else ' '}{values}{'}},' if row == 6 else ','}")
    print("};")


if __name__ == "__main__":
    main()
