"""Times Sinter's training steps beside PyTorch's, interleaved in one run, and prints the ratios as a markdown table.

Usage: python bench/beside_torch.py [--rounds 7] [--seconds 0.3] [--batches 8 64 512]
Needs torch (in a virtual environment outside the repository) and bazel-bin/bench/steps (./run bench steps builds it).
Every engine is run at 1 and at 2 threads and its better setting counts. PyTorch forms: eager, eager with fused Adam;
torch.compile with --compile.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def torch_steps(batch, with_compile):
    x, y = torch.rand(batch, 784), torch.randint(0, 10, (batch,))

    def make(fused, compiled):
        net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
        adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=fused)

        def step():
            adam.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            adam.step()
            return loss

        return torch.compile(step) if compiled else step

    forms = {"torch eager": make(False, False), "torch eager, fused Adam": make(True, False)}
    if with_compile:
        forms["torch.compile"] = make(False, True)
    return forms


def time_torch(step, threads, seconds):
    torch.set_num_threads(threads)
    step()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        step()
        count += 1
    return (time.perf_counter() - start) / count * 1e6


def time_sinter(binary, name, threads, seconds):
    out = subprocess.run(
        [binary, f"--benchmark_filter=^{name}/real_time$", f"--benchmark_min_time={seconds}", "--benchmark_format=json"],
        env={**os.environ, "SINTER_THREADS": str(threads)}, capture_output=True, check=True, text=True).stdout
    return json.loads(out)["benchmarks"][0]["real_time"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 64, 512])
    parser.add_argument("--compile", action="store_true", help="torch.compile too (slow to start)")
    arguments = parser.parse_args()
    binary = os.path.join(os.path.dirname(__file__), "..", "bazel-bin", "bench", "steps")
    print("| step | engine | median us | least | most | best torch / this |\n|---|---|---|---|---|---|")
    for batch in arguments.batches:
        forms = torch_steps(batch, arguments.compile)
        times = {}
        for _ in range(arguments.rounds):
            for threads in (1, 2):
                for name, step in forms.items():
                    times.setdefault((name, threads), []).append(time_torch(step, threads, arguments.seconds))
                for name in ("static", "dynamic"):
                    times.setdefault((f"Sinter {name}", threads), []).append(
                        time_sinter(binary, f"mlp/{name}/{batch}", threads, arguments.seconds))
        best = {}
        for (name, threads), values in times.items():
            if name not in best or statistics.median(values) < statistics.median(best[name][1]):
                best[name] = (threads, values)
        peer = min(statistics.median(values) for name, (_, values) in best.items() if name.startswith("torch"))
        for name, (threads, values) in best.items():
            median = statistics.median(values)
            print(f"| MLP, batch {batch} | {name} ({threads}T) | {median:.0f} | {min(values):.0f} | {max(values):.0f} | {peer / median:.2f} |", flush=True)


if __name__ == "__main__":
    main()
