"""What the way through Python costs: `python benches/python/overhead.py fit ML1M [ROUNDS]` and `... score ML1M`; AUTOINT_BINARY is the command line.

Fitting is measured as a whole, interleaved: the command line from an encoded store, a fit of a data frame, each a process of its own.
Scoring is measured within one process: one row as a dict, 2,048 rows as a frame, beside the engine's own part of it.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIT = """
import sys, time, autoint

def peak():
    return next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))

frame = autoint.movielens(sys.argv[1])
before = peak()
start = time.perf_counter()
autoint.AutoInt(seed=1, epochs=int(sys.argv[3]), verbose=False).fit(frame, protocol="course", out=sys.argv[2], catalogue=False)
print(time.perf_counter() - start, before, peak())
"""


def fitting(folder, rounds, epochs=6):
    binary = os.environ["AUTOINT_BINARY"]
    with tempfile.TemporaryDirectory() as where:
        store = os.path.join(where, "ml1m.store")
        subprocess.run([binary, "prepare", "--data", folder, "--out", store], check=True, capture_output=True)
        # Both write no catalogue: a store has none.
        seconds = {"command line, store": [], "fit of a data frame": []}
        memory = {}
        for turn in range(rounds):
            name, start = "command line, store", time.perf_counter()
            process = subprocess.Popen(
                [binary, "train", "--data", store, "--seed", "1", "--epochs", str(epochs), "--out", f"{where}/c{turn}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            _, status, usage = os.wait4(process.pid, 0)
            assert status == 0
            seconds[name].append(time.perf_counter() - start)
            memory[name] = usage.ru_maxrss
            told = subprocess.run([sys.executable, "-c", FIT, folder, f"{where}/p{turn}", str(epochs)], check=True, capture_output=True, text=True)
            taken, before, peak = map(float, told.stdout.split())
            seconds["fit of a data frame"].append(taken)
            memory["fit of a data frame"], memory["  of it the frame and its libraries"] = peak, before
        for name, all_of_them in seconds.items():
            print(f"{name:<22} median {statistics.median(all_of_them):6.2f} s   {min(all_of_them):.2f} to {max(all_of_them):.2f}")
        for name, kib in memory.items():
            print(f"{name:<36} peak {kib / 1024:6.0f} MiB")
        ratios = [a / b for a, b in zip(seconds["fit of a data frame"], seconds["command line, store"])]
        print(f"fit / command line: median {statistics.median(ratios):.3f}   {min(ratios):.3f} to {max(ratios):.3f}")


def per_call(call):
    """Median seconds of a call."""
    call()
    times = []
    start = time.perf_counter()
    while time.perf_counter() - start < 0.3 or len(times) < 30:
        one = time.perf_counter()
        call()
        times.append(time.perf_counter() - one)
    return statistics.median(times)


def scoring(folder):
    import pandas
    import polars
    import pyarrow

    import autoint

    frame = autoint.movielens(folder)
    for preset in ("autoint", "course"):
        model = autoint.AutoInt(preset=preset, seed=1, epochs=1, verbose=False).fit(frame, protocol="course", report=False)
        rows = frame[model.fields][:2048]
        row = {name: rows[name].iloc[0] for name in model.fields}
        print(f"preset {preset}")
        print(f"  one row, dict              {1e6 * per_call(lambda: model.predict_proba(row)):8.1f} us")
        table = pyarrow.Table.from_pandas(rows)
        kinds = {"pandas": rows, "polars": polars.from_pandas(rows), "pyarrow": table}
        kinds["pandas, plain texts"] = pandas.DataFrame({name: rows[name].astype(str) for name in rows.columns})
        kinds["dict of pyarrow arrays"] = {name: table[name] for name in table.column_names}
        for name, data in kinds.items():
            own = model._run.engine_seconds(rows, 100)
            taken = per_call(lambda: model.predict_proba(data))
            print(f"  2,048 rows, {name:<22} {1e6 * taken:8.1f} us   {taken / own:.2f} of the {1e6 * own:.1f} us of Scorer")


if __name__ == "__main__":
    # Each in a process of its own: a child's peak is at least its parent's.
    folder = str(Path(sys.argv[2]).resolve())
    if sys.argv[1] == "score":
        scoring(folder)
    else:
        fitting(folder, int(sys.argv[3]) if len(sys.argv) > 3 else 5)
