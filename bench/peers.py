"""Times Sinter beside PyTorch (eager, eager with fused Adam, torch.compile) and JAX, interleaved in one run.

./run bench --peers [NAME...]     names as in ./run bench --list; families (mlp, gemm) too; without, all but first/.

Every engine runs in a process at 1 thread (bound to one core) and in one at 2 threads; the coordinator asks each in turn
for a round, and an engine's better setting counts. Printed: median (or least: --by), and least and most of the rounds in
microseconds, and the best peer's time divided by that of each of Sinter's engines. The peers live in a virtual environment
outside the repository: --venv or PEERS_VENV, else ~/.cache/sinter/peers, made from PyPI when it is missing (5 GB).
"""
import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SINTER = HERE.parent / "bazel-bin" / "bench" / "bench"
PACKAGES = ["torch", "jax", "optax", "numpy"]
PAUSE = 0.02  # seconds between rounds, in which the threads of the last engine go to sleep


def python_of(folder):
    """The interpreter of the peers' environment, which is made if it is missing."""
    python = pathlib.Path(folder) / "bin" / "python"
    if not python.exists():
        print(f"making {folder} with {', '.join(PACKAGES)} from PyPI", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return str(python)


class Engine:
    """A process that answers `WORKLOAD FORM SECONDS` by microseconds or "none"."""

    def __init__(self, name, forms, command, threads):
        self.name, self.forms, self.threads = name, forms, threads
        environment = dict(os.environ, THREADS=str(threads), SINTER_THREADS=str(threads), PYTHONWARNINGS="ignore",
                           TF_CPP_MIN_LOG_LEVEL="2")
        last_core = max(os.sched_getaffinity(0))
        bind = (lambda: os.sched_setaffinity(0, {last_core})) if threads == 1 else None
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment, preexec_fn=bind)

    def time(self, workload, form, seconds):
        self.process.stdin.write(f"{workload} {form} {seconds}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise SystemExit(f"{self.name} at {self.threads} threads has ended")
        return None if answer == "none" else float(answer)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def start_engines(python, threads, clock):
    os.environ["CLOCK"] = clock
    serve = [str(SINTER), "--serve"] + (["--cpu-time"] if clock == "cpu" else [])
    engines = [("Sinter", ("static", "dynamic"), serve),
               ("PyTorch", ("eager", "fused", "compile"), [python, "-B", str(HERE / "peers_torch.py")]),
               ("JAX", ("jit",), [python, "-B", str(HERE / "peers_jax.py")])]
    return [Engine(name, forms, command, count) for name, forms, command in engines for count in threads]


def best_settings(times, by):
    """{(label, threads): rounds} -> {label: (threads, rounds)}, the number of threads for which `by` says less."""
    best = {}
    for (label, threads), rounds in times.items():
        if label not in best or by(rounds) < by(best[label][1]):
            best[label] = (threads, rounds)
    return best


def row_of(workload, times, by=statistics.median):
    """What is reported of a workload: each label at its better setting, the best peer, and the ratios to it."""
    engines = {label: {"threads": threads, "counted": by(rounds), "median": statistics.median(rounds),
                       "least": min(rounds), "most": max(rounds)}
               for label, (threads, rounds) in best_settings(times, by).items()}
    peers = {label: engine for label, engine in engines.items() if not label.startswith("Sinter")}
    row = {"workload": workload, "engines": engines}
    if peers:
        row["best_peer"] = min(peers, key=lambda label: peers[label]["counted"])
        for engine in engines.values():
            engine["ratio"] = peers[row["best_peer"]]["counted"] / engine["counted"]
    return row


def measure(engines, workload, rounds, seconds, skipped, by=statistics.median):
    times, absent = {}, set()
    for _ in range(rounds):
        for engine in engines:
            for form in engine.forms:
                key = (f"{engine.name} {form}", engine.threads)
                if key in absent or (workload, form) in skipped:
                    continue
                time.sleep(PAUSE)
                found = engine.time(workload, form, seconds)
                if found is None:
                    absent.add(key)
                else:
                    times.setdefault(key, []).append(found)
    return row_of(workload, times, by)


def number(microseconds):
    return f"{microseconds:.{2 if microseconds < 10 else 1 if microseconds < 100 else 0}f}"


LABELS = ("Sinter static", "Sinter dynamic", "PyTorch eager", "PyTorch fused", "PyTorch compile", "JAX jit")
HEAD = "| workload | " + " | ".join(LABELS) + " | best peer / Sinter static | best peer / dynamic |\n" + "|---" * 9 + "|"


def text_of(row):
    def cell(label):
        engine = row["engines"].get(label)
        if engine is None:
            return "-"
        return f"{number(engine['counted'])} ({number(engine['least'])} - {number(engine['most'])}) {engine['threads']}T"

    ratios = [f"{row['engines'][label]['ratio']:.2f}" if "ratio" in row["engines"].get(label, {}) else "-"
              for label in LABELS[:2]]
    return f"| {row['workload']} | " + " | ".join(map(cell, LABELS)) + f" | {ratios[0]} | {ratios[1]} |"


def all_workloads():
    names = subprocess.run([SINTER, "--list"], check=True, capture_output=True, text=True).stdout.split()
    return [name for name in names if not name.startswith("first/")]


def main():
    parser = argparse.ArgumentParser(prog="./run bench --peers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--venv", default=os.environ.get("PEERS_VENV", os.path.expanduser("~/.cache/sinter/peers")))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.1, help="of a round")
    parser.add_argument("--by", choices=("median", "least"), default="median",
                        help="which of the rounds counts; least, with many short rounds, on a machine that others use")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="cpu: processor time, at one thread, on a machine that others use")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--no-compile", nargs="*", metavar="NAME", default=None,
                        help="leave torch.compile out for these workloads, or for all (it compiles for seconds each)")
    flags = parser.parse_args()
    known = all_workloads()
    names = [name for name in known if not flags.names or name in flags.names or name.split("/")[0] in flags.names]
    strange = [name for name in flags.names if name not in known and name not in {each.split("/")[0] for each in known}]
    if strange:
        parser.error(f"there is no workload {', '.join(strange)}; ./run bench --list names them")
    without = names if flags.no_compile == [] else flags.no_compile or []
    skipped = {(name, "compile") for name in names if name in without or name.split("/")[0] in without}

    if flags.clock == "cpu":
        flags.threads = [1]  # with several, waiting for each other counts as work
    engines = start_engines(python_of(flags.venv), flags.threads, flags.clock)
    by = min if flags.by == "least" else statistics.median
    print(f"{datetime.date.today()}, load {os.getloadavg()[0]:.1f}, {flags.by} of {flags.rounds} rounds ({flags.clock} time) of "
          f"{flags.seconds} s\n\n{HEAD}", flush=True)
    rows = []
    for name in names:
        rows.append(measure(engines, name, flags.rounds, flags.seconds, skipped, by))
        print(text_of(rows[-1]), flush=True)
    for engine in engines:
        engine.stop()
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")
    if flags.json:
        pathlib.Path(flags.json).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
