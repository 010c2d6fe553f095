"""Times copies, padding, joining and fills of the dynamic engine beside PyTorch's, interleaved in one run.

Usage: python bench/copies_beside_torch.py [--rounds 5] [--seconds 0.2] [--binary bazel-bin/bench/copies]
Needs torch (in a virtual environment outside the repository) and the binary (bazel build //bench:copies). --binary may
be given several times, to put builds side by side. Every engine is run at 1 and at 2 threads and its better setting
counts.
"""
import argparse
import statistics

import torch
import torch.nn.functional as F

from beside_torch import time_sinter, time_torch


def torch_forms():
    square, odd, small = torch.rand(2048, 2048), torch.rand(2000, 2000), torch.rand(100, 100)
    images, wide, x, y = torch.rand(32, 64, 45, 45), torch.rand(16, 512, 512), torch.rand(1024, 2048), torch.rand(1024, 2048)
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--binary", action="append")
    args = parser.parse_args()
    binaries = args.binary or ["bazel-bin/bench/copies"]
    print("| | " + " | ".join(["torch us", *(f"{b} us" for b in binaries), "ratio of the last"]) + " |")
    print("|---" * (len(binaries) + 3) + "|")
    for name, form in torch_forms().items():
        times = {}
        for _ in range(args.rounds):
            for threads in (1, 2):
                times.setdefault(("torch", threads), []).append(time_torch(form, threads, args.seconds))
                for binary in binaries:
                    times.setdefault((binary, threads), []).append(time_sinter(binary, name, threads, args.seconds))
        best = [min(statistics.median(times[engine, threads]) for threads in (1, 2)) for engine in ("torch", *binaries)]
        print(f"| {name} | " + " | ".join(f"{t:.0f}" for t in best) + f" | {best[0] / best[-1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
