"""What the peers' engines share: names of workloads to sizes, and answering the coordinator line by line."""
import os
import sys
import time

NUMBERS = {"16k": 1 << 14, "256k": 1 << 18, "4m": 1 << 22, "32m": 1 << 25}
ROWS = {"softmax": (4096, 1000), "softmax_ce": (4096, 1000), "layer_norm": (4096, 1024)}
WARM_UPS = 3
CLOCK = time.process_time if os.environ.get("CLOCK") == "cpu" else time.perf_counter


def sizes_of(name):
    """"gemm/64" -> ("gemm", [64, 64, 64]): the sizes of bench/workloads.cc."""
    family, _, size = name.partition("/")
    if family in ROWS:
        return family, list(ROWS[family])
    sizes = [NUMBERS.get(part) or int(part) for part in size.split("x") if part]
    return family, sizes * 3 if family == "gemm" and len(sizes) == 1 else sizes


def serve(families):
    """families: name -> function of sizes that returns (forms, run_of), and run_of(form) what one run is."""
    current, run_of, forms, runs = None, None, (), {}
    for line in sys.stdin:
        name, form, seconds = line.split()
        try:
            if name != current:
                family, sizes = sizes_of(name)
                run_of, runs = None, {}  # before the next one is made: two may be too large
                forms, run_of = families[family](*sizes)
                current = name
            if form not in forms:
                print("none", flush=True)
                continue
            if form not in runs:
                runs[form] = run_of(form)
                for _ in range(WARM_UPS):
                    runs[form]()
            print(time_of(runs[form], float(seconds)), flush=True)
        except Exception as error:  # an engine that cannot do one workload must not end the others
            print(f"{name} {form}: {error!r}"[:400], file=sys.stderr)
            print("none", flush=True)


def time_of(run, seconds):
    """Microseconds a run, over as many runs as fit."""
    run()
    count, start = 0, CLOCK()
    while True:
        run()
        count += 1
        elapsed = CLOCK() - start
        if elapsed >= seconds:
            return elapsed / count * 1e6
