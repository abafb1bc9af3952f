#!/usr/bin/env python3
"""Times a training step and inference of ours and of other frameworks, side by side, and prints a Markdown table.

Every side is a process of its own that speaks as `common.py` says. They take turns, a few repetitions each, round by round,
in random order; whoever is not in turn is stopped (SIGSTOP), so that no idle thread of one spins beside another.
"""

import argparse
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent.resolve()
TARGET = HERE.parents[1] / "target"
LOGS = TARGET / "peers"
CONFIG = json.loads((HERE / "shapes.json").read_text())
STEP, INFER = ("step",), ("infer2048", "infer64", "infer1")
KINDS = STEP + INFER
# How far probabilities may be from those of ours in f32: bf16 keeps 8 binary digits of a number, f32 keeps 24.
TOLERANCES = {"f32": 1e-5, "bf16": 5e-3}


def python(environment, script, *options):
    # -B: no byte code beside the scripts.
    return [LOGS / environment / "bin" / "python", "-B", HERE / script, *options]


def rust(program):
    # What is freed stays with the process: glibc would give large tensors back to the system at each step, and get them as faults.
    malloc = ["MALLOC_MMAP_THRESHOLD_=33554432", "MALLOC_TRIM_THRESHOLD_=17179869184"]
    return ["env", *malloc, LOGS / "rust-build" / "release" / program]


@dataclasses.dataclass(frozen=True)
class Side:
    command: list
    kinds: tuple = KINDS
    precision: str = "f32"
    peer: bool = True  # not one of ours


def our_side(*options, **properties):
    return Side([TARGET / "release" / "examples" / "peers", *options], peer=False, **properties)


OURS, OURS_IN_HALF = "ours", ("ours-bf16", "ours-amx-bf16")
# In the order of the columns. Ours comes first: it says what the others have to compute.
SIDES = {
    OURS: our_side(),
    "ours-exact": our_side("exact", kinds=STEP),
    "ours-bf16": our_side("dense", "bf16", precision="bf16"),
    "ours-amx-bf16": our_side("dense", "amx-bf16", precision="bf16"),
    "keras": Side(python("tensorflow", "keras_autoint.py")),
    "keras-xla": Side(python("tensorflow", "keras_autoint.py", "--xla")),
    "torch": Side(python("torch", "torch_autoint.py")),
    "torch-compile": Side(python("torch", "torch_autoint.py", "--compile")),
    "jax": Side(python("jax", "jax_autoint.py")),
    "burn": Side(rust("burn_autoint"), STEP),
    "candle": Side(rust("candle_autoint"), STEP),
    "onnxruntime": Side(python("inference", "onnx_autoint.py"), INFER),
    "openvino": Side(python("inference", "openvino_autoint.py"), INFER),
    "openvino-bf16": Side(python("inference", "openvino_autoint.py", "--bf16"), INFER, "bf16"),
}


class Failed(Exception):
    pass


class Peer:
    def __init__(self, name):
        self.log = LOGS / f"{name}.log"
        environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(LOGS / "inductor")}
        with self.log.open("w") as log:
            pipe = subprocess.PIPE
            try:
                self.process = subprocess.Popen(
                    SIDES[name].command, stdin=pipe, stdout=pipe, stderr=log, text=True, env=environment
                )
            except OSError as error:
                raise Failed(error) from error
        self.version = self.line()
        self.process.send_signal(signal.SIGSTOP)

    def line(self):
        line = self.process.stdout.readline().strip()
        if not line:
            self.end()
            said = self.log.read_text().strip().splitlines()
            raise Failed(f"{said[-1] if said else 'it ended'} (log: {self.log})")
        return line

    def turn(self, shape, kind, repetitions):
        self.process.send_signal(signal.SIGCONT)
        with contextlib.suppress(BrokenPipeError):  # An answer missing says it all.
            print(shape, kind, repetitions, file=self.process.stdin, flush=True)
        answer = json.loads(self.line())
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def end(self):
        self.process.kill()
        self.process.wait()


class Table:
    """The peers that run, and why others do not."""

    def __init__(self):
        self.peers, self.failed = {}, {}

    def start(self, names):
        for name in names:
            with self.attempt(name):
                self.peers[name] = Peer(name)
        return dict.fromkeys(peer.version for peer in self.peers.values())

    @contextlib.contextmanager
    def attempt(self, name):
        """Strikes a peer that fails; without ours there is nothing to compare."""
        try:
            yield
        except Failed as error:
            if name == OURS:
                raise
            self.failed[name] = error
            if peer := self.peers.pop(name, None):
                peer.end()

    def measure(self, shape, kind, rounds, seconds):
        """Per peer, each round's median in milliseconds."""
        repetitions, model, times = {}, None, {}
        for name in [n for n in self.peers if kind in SIDES[n].kinds]:
            with self.attempt(name):
                answer = self.peers[name].turn(shape, kind, 3)
                model = model or answer
                check(answer, model, TOLERANCES[SIDES[name].precision])
                ms = statistics.median(answer["ms"])
                repetitions[name] = max(2, min(300, round(seconds * 1e3 / ms)))
                times[name] = []
        for _ in range(rounds):
            order = [name for name in times if name in self.peers]
            random.shuffle(order)
            for name in order:
                with self.attempt(name):
                    times[name].append(statistics.median(self.peers[name].turn(shape, kind, repetitions[name])["ms"]))
        return {name: ms for name, ms in times.items() if name in self.peers}, model["parameters"]

    def end(self):
        for peer in self.peers.values():
            peer.end()


def check(answer, ours, tolerance):
    """The same number of parameters, and the same probabilities from the same weights and rows."""
    pairs = zip(answer["probabilities"], ours["probabilities"], strict=True)
    if answer["parameters"] != ours["parameters"] or not all(abs(a - b) <= tolerance for a, b in pairs):
        keys = ("parameters", "probabilities")
        raise Failed(f"another model: {[answer[k] for k in keys]}, ours {[ours[k] for k in keys]}")


def spread(numbers):
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(numbers, n=4, method="inclusive")
    digits = 3 if middle < 1 else 2 if middle < 10 else 1 if middle < 100 else 0
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def against(ours, times, precisions):
    """The fastest peer's time over that of ours, each round's, and its name."""
    peers = [name for name in times if SIDES[name].peer and SIDES[name].precision in precisions]
    if not peers or ours not in times:
        return ""
    fastest = min(peers, key=lambda name: statistics.median(times[name]))
    ratios = [theirs / mine for theirs, mine in zip(times[fastest], times[ours], strict=True)]
    return f"{spread(ratios)} {fastest}"


def comparisons(names):
    """The last columns: each one's head and what `against` needs."""
    columns = {"fastest f32 peer / ours": (OURS, ["f32"])}
    for name in OURS_IN_HALF:
        if name in names:
            columns[f"fastest peer / {name}"] = (name, list(TOLERANCES))
    return columns


def markdown(cells):
    return "| " + " | ".join(cells) + " |"


def row(shape, kind, times, names):
    cells = [spread(times[name]) if name in times else "" for name in names]
    last = [against(ours, times, precisions) for ours, precisions in comparisons(names).values()]
    return markdown([shape, kind, *cells, *last])


def said(*command):
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True).stdout.strip()


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "unknown processor"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    others = [name for name in SIDES if name != OURS]
    parser.add_argument("--peers", nargs="*", choices=others, default=others, help="beside ours")
    parser.add_argument("--shapes", nargs="+", choices=list(CONFIG["shapes"]), default=list(CONFIG["shapes"]))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--rounds", type=int, default=15, help="2 or more")
    parser.add_argument("--seconds", type=float, default=0.3, help="about how long a turn is")
    options = parser.parse_args()

    load = os.getloadavg()[0]
    # Also those who take as many threads as there are cores then take two.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: CONFIG["threads"]])
    LOGS.mkdir(parents=True, exist_ok=True)
    names = [OURS, *(name for name in others if name in options.peers)]
    table, parameters = Table(), {}
    # A stopped process would outlive us: whatever ends this one goes through `finally`.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        versions = table.start(names)
        head = ["shape", "kind", *names, *comparisons(names)]
        print(markdown(head), "|---" * len(head) + "|", sep="\n")
        for shape in options.shapes:
            for kind in options.kinds:
                times, parameters[shape] = table.measure(shape, kind, options.rounds, options.seconds)
                print(row(shape, kind, times, names), flush=True)
    finally:
        table.end()
    print(f"\nMilliseconds: median of {options.rounds} rounds (quartiles).")
    print("Parameters, the same on every side timed: " + ", ".join(f"{s} {n:,}" for s, n in parameters.items()) + ".")
    commit, rustc = said("git", "rev-parse", "--short", "HEAD"), said("rustc", "--version")
    print(f"{datetime.date.today()}, {cpu()}, {CONFIG['threads']} threads, load before {load:.1f}; ", end="")
    print("; ".join(versions) + f"; commit {commit}, {rustc}.")
    for name, error in table.failed.items():
        print(f"\n**{name} failed**: {error}")


if __name__ == "__main__":
    main()
