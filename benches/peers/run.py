#!/usr/bin/env python3
"""Times a training step and inference of ours and of other frameworks, side by side, and prints a Markdown table.

Every side is a process of its own that speaks as `common.py` says. They take turns, a few repetitions each, round by round,
in random order; whoever is not in turn is stopped (SIGSTOP), so that no idle thread of one spins beside another.
"""

import argparse
import contextlib
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
KINDS = ["step", "infer2048", "infer1"]
OURS, EXACT = "ours", "ours-exact"


def python(environment, script, *options):
    # -B: no byte code beside the scripts.
    return [LOGS / environment / "bin" / "python", "-B", HERE / script, *options]


OUR_SIDE = TARGET / "release" / "examples" / "peers"
COMMANDS = {
    OURS: [OUR_SIDE],
    EXACT: [OUR_SIDE, "exact"],
    "keras": python("tensorflow", "keras_autoint.py"),
    "keras-xla": python("tensorflow", "keras_autoint.py", "--xla"),
    "torch": python("torch", "torch_autoint.py"),
    "torch-compile": python("torch", "torch_autoint.py", "--compile"),
    "jax": python("jax", "jax_autoint.py"),
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
                    COMMANDS[name], stdin=pipe, stdout=pipe, stderr=log, text=True, env=environment
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
        # Ours comes first: it says what the others have to compute.
        for name in [n for n in self.peers if n != EXACT or kind == "step"]:
            with self.attempt(name):
                answer = self.peers[name].turn(shape, kind, 3)
                model = model or answer
                check(answer, model)
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


def check(answer, ours):
    """The same number of parameters, and the same probabilities from the same weights and rows."""
    pairs = zip(answer["probabilities"], ours["probabilities"], strict=True)
    if answer["parameters"] != ours["parameters"] or any(abs(a - b) > 1e-5 for a, b in pairs):
        keys = ("parameters", "probabilities")
        raise Failed(f"another model: {[answer[k] for k in keys]}, ours {[ours[k] for k in keys]}")


def spread(numbers):
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(numbers, n=4, method="inclusive")
    digits = 3 if middle < 1 else 2 if middle < 10 else 1 if middle < 100 else 0
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def row(shape, kind, times, names):
    others = {name: statistics.median(ms) for name, ms in times.items() if name not in (OURS, EXACT)}
    cells = [shape, kind, *(spread(times[name]) if name in times else "" for name in names)]
    if others:
        fastest = min(others, key=others.get)
        ratios = [theirs / ours for theirs, ours in zip(times[fastest], times[OURS], strict=True)]
        cells.append(f"{spread(ratios)} {fastest}")
    else:
        cells.append("")
    return "| " + " | ".join(cells) + " |"


def said(*command):
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True).stdout.strip()


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "unknown processor"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    others = [name for name in COMMANDS if name != OURS]
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
        print(f"| shape | kind | {' | '.join(names)} | fastest peer / ours |")
        print("|---" * (len(names) + 3) + "|")
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
