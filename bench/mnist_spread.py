"""Whether Sinter trains real MNIST as PyTorch does: losses and accuracies of five epochs over several seeds, side by side.

Usage: SINTER_DATA=../shared/data python bench/mnist_spread.py [--seeds 10]
Needs torch and numpy (in a virtual environment outside the repository) and bazel-bin/examples/mnist (./run mnist builds it).
Both: 784-128-64-10, Adam 1e-3, batch 64, Normalize(0.5, 0.5), shuffled by seed.
"""
import argparse
import gzip
import os
import re
import statistics
import subprocess

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

EPOCHS = 5


def load(folder, prefix):
    def read(name, skip):
        with gzip.open(os.path.join(folder, "mnist", f"{prefix}-{name}.gz")) as file:
            return numpy.frombuffer(file.read(), dtype=numpy.uint8)[skip:].copy()

    images = torch.from_numpy(read("images-idx3-ubyte", 16)).view(-1, 784).float().div(255).sub(0.5).div(0.5)
    return images, torch.from_numpy(read("labels-idx1-ubyte", 8)).long()


def train_torch(seed, train, test):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    losses, accuracies = [], []
    for _ in range(EPOCHS):
        order, total, batches = torch.randperm(len(train[0])), 0.0, 0
        for i in range(0, len(order), 64):
            pick = order[i:i + 64]
            adam.zero_grad()
            loss = F.cross_entropy(net(train[0][pick]), train[1][pick])
            loss.backward()
            adam.step()
            total, batches = total + loss.item(), batches + 1
        losses.append(total / batches)
        with torch.no_grad():
            accuracies.append(100 * (net(test[0]).argmax(1) == test[1]).float().mean().item())
    return losses, accuracies


def train_sinter(seed):
    binary = os.path.join(os.path.dirname(__file__), "..", "bazel-bin", "examples", "mnist")
    out = subprocess.run([binary, "--epochs", str(EPOCHS), "--seed", str(seed)], capture_output=True, check=True, text=True).stdout
    lines = re.findall(r"Loss: ([\d.]+) \| Accuracy: ([\d.]+)%", out)
    return [float(loss) for loss, _ in lines], [float(accuracy) for _, accuracy in lines]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    folder = os.environ["SINTER_DATA"]
    train, test = load(folder, "train"), load(folder, "t10k")
    runs = {"PyTorch": [], "Sinter": []}
    for seed in range(seeds):
        runs["PyTorch"].append(train_torch(seed, train, test))
        runs["Sinter"].append(train_sinter(seed))
    print("| epoch | engine | loss: mean (least to most) | accuracy %: mean (least to most) |\n|---|---|---|---|")
    for epoch in range(EPOCHS):
        for name, results in runs.items():
            loss, accuracy = ([result[kind][epoch] for result in results] for kind in (0, 1))
            print(f"| {epoch + 1} | {name} | {statistics.mean(loss):.4f} ({min(loss):.4f} to {max(loss):.4f}) "
                  f"| {statistics.mean(accuracy):.2f} ({min(accuracy):.2f} to {max(accuracy):.2f}) |")


if __name__ == "__main__":
    main()
