"""Times copies, padding, joining and fills of the dynamic engine beside PyTorch's, interleaved in one run.

Usage: python bench/copies_beside_torch.py [--rounds 5] [--seconds 0.1] [--binary bazel-bin/bench/copies]
Needs torch (in a virtual environment outside the repository) and the binary (bazel build //bench:copies). One thread,
CPU time of the process: what other programs do at the same time matters little.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

import torch
import torch.nn.functional as F


def torch_forms():
    square, odd, small = torch.rand(2048, 2048), torch.rand(2000, 2000), torch.rand(100, 100)
    images, wide = torch.rand(32, 64, 45, 45), torch.rand(16, 512, 512)
    x, y = torch.rand(1024, 2048), torch.rand(1024, 2048)
    return {
        "transpose/2048": lambda: square.t().contiguous(),
        "transpose/2000": lambda: odd.t().contiguous(),
        "transpose/100": lambda: small.t().contiguous(),
        "permute": lambda: images.permute(0, 2, 3, 1).contiguous(),
        "pad": lambda: F.pad(wide, (1, 1, 1, 1)),
        "concat/0": lambda: torch.cat((x, y), 0),
        "concat/1": lambda: torch.cat((x, y), 1),
        "fill": lambda: torch.full((2048, 2048), 1.5),
        "count": lambda: torch.arange(1 << 21),
    }


def time_torch(form, seconds):
    form()
    start, count = time.process_time(), 0
    while time.process_time() - start < seconds:
        form()
        count += 1
    return (time.process_time() - start) / count * 1e6


def time_sinter(binary, name, seconds):
    out = subprocess.run(
        [binary, f"--benchmark_filter=^{name}/process_time$", f"--benchmark_min_time={seconds}",
         "--benchmark_format=json"],
        env={**os.environ, "SINTER_THREADS": "1"}, capture_output=True, check=True, text=True).stdout
    run = json.loads(out)["benchmarks"][0]
    return run["cpu_time"] * {"ns": 1e-3, "us": 1, "ms": 1e3}[run["time_unit"]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.1)
    parser.add_argument("--binary", default="bazel-bin/bench/copies")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print("| | torch us | Sinter us | ratio |\n|---|---|---|---|")
    for name, form in torch_forms().items():
        torch_times, sinter_times = [], []
        for _ in range(args.rounds):
            torch_times.append(time_torch(form, args.seconds))
            sinter_times.append(time_sinter(args.binary, name, args.seconds))
        theirs, ours = statistics.median(torch_times), statistics.median(sinter_times)
        print(f"| {name} | {theirs:.0f} | {ours:.0f} | {theirs / ours:.2f} |", flush=True)


if __name__ == "__main__":
    main()
