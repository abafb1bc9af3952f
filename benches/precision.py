#!/usr/bin/env python3
"""What training and predicting in bf16, or in amx-bf16, costs in quality: test AUC and logloss of the default presets of two protocols beside f32, seed
by seed, as a Markdown table.

    python3 benches/precision.py MOVIELENS [--precision bf16] [--seeds 5] [--binary target/release/autoint]

Each seed trains twice; what is compared are the means over seeds. A third column opens the f32 runs in the
other precision: what it costs to serve a model that was not trained in it.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

PRESETS = {"course": "autoint", "recbole": "recbole"}
METRICS = ["auc", "logloss"]


def said(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


def measured(binary, run, data, precision):
    """A run's test metrics, in a precision."""
    asked = ["--data", data, "--precision", precision, "--metrics", ",".join(METRICS), "--json"]
    return json.loads(said(binary, "evaluate", run, *asked))["metrics"]


def of_seed(binary, data, protocol, seed, half, folder):
    """Test metrics of: f32, the other precision, trained in f32 and used in the other."""
    runs = {}
    for precision in ["f32", half]:
        runs[precision] = folder / f"{protocol}-{seed}-{precision}"
        settings = ["--protocol", protocol, "--preset", PRESETS[protocol], "--seed", seed, "--precision", precision]
        said(binary, "train", "--data", data, *settings, "--no-catalogue", "--out", runs[precision])
    uses = [("f32", "f32"), (half, half), ("f32", half)]
    return [measured(binary, runs[trained], data, used) for trained, used in uses]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--precision", default="bf16", help="beside f32")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--binary", default="target/release/autoint")
    options = parser.parse_args()
    half = options.precision
    print(f"| protocol, preset | metric | f32 (sd) | {half} (sd) | {half} - f32 | trained in f32, used in {half}: - f32 |")
    print("|---|---|---|---|---|---|")
    for protocol, preset in PRESETS.items():
        with tempfile.TemporaryDirectory() as folder:
            seeds = range(1, options.seeds + 1)
            all = [of_seed(options.binary, options.data, protocol, seed, half, pathlib.Path(folder)) for seed in seeds]
        for metric in METRICS:
            f32, other, used = ([seed[i][metric] for seed in all] for i in range(3))
            cell = lambda numbers: f"{statistics.mean(numbers):.5f} ({statistics.stdev(numbers):.5f})"
            apart = lambda numbers: f"{statistics.mean(numbers) - statistics.mean(f32):+.5f}"
            print(f"| {protocol}, {preset} | {metric} | {cell(f32)} | {cell(other)} | {apart(other)} | {apart(used)} |", flush=True)


if __name__ == "__main__":
    main()
