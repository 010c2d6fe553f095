#!/usr/bin/env python3
"""Writes tests/golden_pytorch/{adam,sgd}.txt: the losses of 200 steps of a 784-128-64-10 network in PyTorch (float32).

Everything random comes from one counter, so that tests/nn/pytorch_test.cc makes the same numbers. A few starts put some
unit on the edge of a ReLU, where rounding alone decides; the seed used is the first for which PyTorch's float32 and
float64 losses agree to 1e-6 relative in all steps, for both optimisers. Needs torch and numpy.
"""

import argparse
import pathlib

import numpy as np
import torch

STEPS, BATCH, CLASSES, PIXELS = 200, 64, 10, 784
LAYERS = [(784, 128), (128, 64), (64, 10)]
AGREEMENT = 1e-6


class Numbers:
    """Uniform numbers in [-1, 1): the top 24 bits of splitmix64 of a counter."""

    def __init__(self, seed):
        self.next = seed << 32

    def take(self, count):
        z = np.arange(self.next + 1, self.next + 1 + count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        self.next += count
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
        return (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1


def problem(seed):
    """Weights, then class centres, then per sample: label, whether the label is noise, pixels. As float32."""
    numbers = Numbers(seed)
    parameters = []
    for fan_in, fan_out in LAYERS:
        for shape in ((fan_out, fan_in), (fan_out,)):
            values = numbers.take(int(np.prod(shape))) * (1 / np.sqrt(float(fan_in)))
            parameters.append(values.reshape(shape).astype(np.float32))
    centres = numbers.take(CLASSES * PIXELS).reshape(CLASSES, PIXELS)
    images, labels = [], []
    for _ in range(BATCH * STEPS):
        choice = numbers.take(3)
        label, other = ((choice[:2] + 1) * (CLASSES / 2)).astype(np.int64)
        images.append(0.125 * centres[label] + 0.875 * numbers.take(PIXELS))
        labels.append(other if choice[2] < -0.6 else label)
    return parameters, np.array(images).astype(np.float32), np.array(labels)


def losses(seed, optimizer, dtype):
    parameters, images, labels = problem(seed)
    net = torch.nn.Sequential(
        torch.nn.Linear(*LAYERS[0]), torch.nn.ReLU(), torch.nn.Linear(*LAYERS[1]), torch.nn.ReLU(), torch.nn.Linear(*LAYERS[2])
    ).to(dtype)
    with torch.no_grad():
        for parameter, value in zip(net.parameters(), parameters):
            parameter.copy_(torch.from_numpy(value))
    optimizer = optimizer(net.parameters())
    images, labels = torch.from_numpy(images).to(dtype), torch.from_numpy(labels)
    found = []
    for step in range(STEPS):
        first = step * BATCH
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(images[first : first + BATCH]), labels[first : first + BATCH])
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return np.array(found)


OPTIMIZERS = {
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=1e-3),
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=pathlib.Path("tests/golden_pytorch"))
    folder = parser.parse_args().folder
    torch.set_num_threads(1)
    for seed in range(1, 100):
        found = {}
        worst = 0.0
        for name, make in OPTIMIZERS.items():
            narrow, wide = losses(seed, make, torch.float32), losses(seed, make, torch.float64)
            distance = np.max(np.abs(narrow - wide) / wide)
            print(f"seed {seed}, {name}: float32 and float64 agree to {distance:.2g}; last loss {narrow[-1]:.4f}", flush=True)
            worst = max(worst, distance)
            found[name] = narrow
        if worst < AGREEMENT:
            break
    else:
        raise SystemExit("no seed agrees")
    for name, values in found.items():
        header = f"# losses of PyTorch {torch.__version__}, {name}; written by tools/pytorch_golden.py\nseed {seed}\n"
        (folder / f"{name}.txt").write_text(header + "".join(f"{value:.9g}\n" for value in values))


if __name__ == "__main__":
    main()
