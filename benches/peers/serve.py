"""Loads `autoint serve` and `serve_onnx.py` with the same requests and prints a Markdown table; `serve.sh` starts it.

Round by round, in random order, each side is started, warmed, loaded, and stopped; no two run at once. Every server that is
started must give the answers that ours gave at first: the same ten items for some users, and scores to 1e-5.
"""

import argparse
import collections
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import statistics
import subprocess
import sys
import time

import fastapi
import onnxruntime
import uvicorn

import rows
from export_onnx import TOLERANCE
from run import HERE, LOGS, cpu, said, spread

OURS = "autoint"
SIDES = {OURS: None, "fastapi, 1 process": 1, "fastapi, 2 processes": 2}
CORES = 2
CONNECTIONS = 16
RATES = {"catalogue": 50, "row": 500}
PATHS = {"catalogue": "/v1/recommend", "row": "/v1/score"}
HELD = 0.98  # of the rate that was sent
CHECKED = 20  # requests of each kind
START = 60  # seconds


class Failed(Exception):
    pass


def bodies(run, folder, kind):
    """A file of requests, one a line: random users, and for single rows random movies and months."""
    drawn, vocabulary = random.Random(kind), rows.Vocabulary(run)
    people, movies = rows.users(folder), rows.movies(folder)
    users, rated = list(people), [movie for movie in movies if movie in vocabulary.codes["movie_id"]]

    def request():
        user = drawn.choice(users)
        if kind == "catalogue":
            return {"user": user, "top": 10, "include_rated": True}
        movie = drawn.choice(rated)
        date = rows.dates(drawn.randint(2000, 2003), drawn.randint(1, 12))
        row = {"user_id": user, "movie_id": movie, **people[user], **movies[movie], **date}
        return {"rows": [{field: row[field] for field in vocabulary.fields}]}

    path = LOGS / f"serve-{kind}.jsonl"
    path.write_text("".join(json.dumps(request()) + "\n" for _ in range(2000)))
    return path


class Server:
    """A side that runs, in a process group of its own."""

    def __init__(self, side, options):
        self.side = side
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = LOGS / f"serve-{side.replace(', ', '-').replace(' ', '-')}.log"
        workers = SIDES[side]
        if workers is None:
            command = [options.binary, "serve", "--run", options.run, "--listen", f"127.0.0.1:{self.port}"]
            ready = "ready"
        else:
            command = [sys.executable, "-B", HERE / "serve_onnx.py", options.run, options.model, options.movielens]
            command += ["--port", str(self.port), "--workers", str(workers)]
            ready = "startup complete"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        start = time.monotonic()
        # A server that listens may still have workers that do not.
        while self.log.read_text().count(ready) < (workers or 1):
            if self.process.poll() is not None or time.monotonic() > start + START:
                self.end()
                lines = self.log.read_text().strip().splitlines()
                raise Failed(f"{side} does not start: {lines[-1] if lines else 'it ended'} (log: {self.log})")
            time.sleep(0.05)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def ask(self, kind, body):
        connection = http.client.HTTPConnection(self.address, timeout=10)
        connection.request("POST", PATHS[kind], body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise Failed(f"{self.side} answers {answer.status}: {text[:200]}")
        return json.loads(text)

    def processes(self):
        """The state of each process of the group: see proc(5), `stat`."""
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                if int(stat[2]) == self.process.pid:
                    yield stat

    def cpu(self):
        """Seconds of processor time so far."""
        return sum(int(stat[11]) + int(stat[12]) for stat in self.processes()) / os.sysconf("SC_CLK_TCK")

    def resident(self):
        return sum(int(stat[21]) for stat in self.processes()) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
                return


def answers(server, files):
    found = {}
    for kind, path in files.items():
        with path.open() as file:
            found[kind] = [server.ask(kind, next(file)) for _ in range(CHECKED)]
    return found


def check(side, theirs, ours):
    """Fails unless both gave the same answers; gives the largest difference of a score."""
    pairs = []
    for a, b in zip(theirs["catalogue"], ours["catalogue"], strict=True):
        items = [[item["item"] for item in answer["items"]] for answer in (a, b)]
        if items[0] != items[1] or a["candidates"] != b["candidates"]:
            raise Failed(f"{side} recommends others to user {b['user']}: {items[0]}, ours {items[1]}")
        pairs += [(x["score"], y["score"]) for x, y in zip(a["items"], b["items"])]
    for a, b in zip(theirs["row"], ours["row"], strict=True):
        pairs += [(x["probability"], y["probability"]) for x, y in zip(a["results"], b["results"], strict=True)]
    differences = [abs(x - y) for x, y in pairs]
    if not all(difference <= TOLERANCE for difference in differences):
        raise Failed(f"{side}: scores differ from ours by {max(differences):.1e}")
    return max(differences)


def output(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(done.stderr or done.stdout)
    return json.loads(done.stdout.splitlines()[-1])


def generated(server, path, *options):
    return output([sys.executable, "-B", HERE / "load.py", server.address, path, *options])


def fixed(server, kind, file, options):
    """The load at a fixed rate, with the server's processor time for a request."""
    before = server.cpu()
    load = {
        "bodies": file,
        "rate": RATES[kind],
        "connections": CONNECTIONS,
        "seconds": options.seconds,
        "warm": options.warm,
    }
    found = generated(server, PATHS[kind], *(f"--{name}={value}" for name, value in load.items()))
    return found | {"cpu": (server.cpu() - before) / (RATES[kind] * (options.seconds + options.warm)) * 1e3}


def saturated(server, file, options):
    """Single rows, as many as are answered; the first run warms."""
    for seconds in (options.warm, options.seconds):
        connections = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
        found = output(["wrk", *connections, "-s", HERE / "score.lua", f"http://{server.address}", "--", file])
    return found


def held(results, kind):
    """Whether a side answered as fast as it was asked; otherwise its times are those of a queue that grows."""
    return all(result[kind]["rate"] >= HELD * RATES[kind] for result in results)


# Load, what is measured, how, and the load whose rate must have been held for a ratio to mean something.
ROWS = [
    ("catalogue, 50/s", "p50, ms", lambda r: r["catalogue"]["p50"], "catalogue"),
    ("", "p99, ms", lambda r: r["catalogue"]["p99"], "catalogue"),
    ("", "processor, ms a request", lambda r: r["catalogue"]["cpu"], None),
    ("one row, 500/s", "p50, ms", lambda r: r["row"]["p50"], "row"),
    ("", "p99, ms", lambda r: r["row"]["p99"], "row"),
    ("", "processor, ms a request", lambda r: r["row"]["cpu"], None),
    ("one row, saturated", "rows/s", lambda r: r["saturated"]["rate"], None),
    ("", "p99, ms", lambda r: r["saturated"]["p99"], None),
    ("after all", "resident, MB", lambda r: r["resident"], None),
]


def table(results):
    print(f"| load | what | {' | '.join(SIDES)} | best peer against ours |")
    print("|---" * (len(SIDES) + 3) + "|")
    for load, what, of, kind in ROWS:
        fit = [side for side in SIDES if kind is None or held(results[side], kind)]
        numbers = {side: [of(result) for result in results[side]] for side in SIDES}
        shown = [spread(numbers[side]) if side in fit else "not held" for side in SIDES]
        higher, peers = what == "rows/s", [side for side in fit if side != OURS]
        ratio = ""
        if OURS in fit and peers:
            best = (max if higher else min)(peers, key=lambda side: statistics.median(numbers[side]))
            pairs = zip(numbers[best], numbers[OURS], strict=True)
            ratios = [ours / theirs if higher else theirs / ours for theirs, ours in pairs]
            ratio = f"{spread(ratios)} {best.removeprefix('fastapi, ')}"
        print(f"| {' | '.join([load, what, *shown, ratio])} |")


def remarks(results):
    """What a table of times would hide."""
    for side, rounds in results.items():
        for kind, rate in RATES.items():
            errors = collections.Counter()
            for result in rounds:
                errors.update(result[kind]["errors"])
            if errors or not held(rounds, kind):
                rates = ", ".join(f"{result[kind]['rate']:.1f}" for result in rounds)
                print(f"\n**{side}, {kind}**: {rates} good answers/s by round, {rate} were asked for; errors {dict(errors)}")
        if bad := sum(sum(result["saturated"]["errors"].values()) for result in rounds):
            print(f"\n**{side}, saturated**: {bad} errors")


def measure(options, files):
    """Each side's results by round, the floors, and the largest difference of a score."""
    results, floors, differences, order = {side: [] for side in SIDES}, [], [], list(SIDES)
    with Server(OURS, options) as server:
        ours = answers(server, files)
    for number in range(options.rounds):
        random.shuffle(order)
        for side in order:
            with Server(side, options) as server:
                differences.append(check(side, answers(server, files), ours))
                if side == OURS:
                    floors.append(generated(server, "/healthz", "--rate", "500", "--seconds", "3"))
                result = {kind: fixed(server, kind, files[kind], options) for kind in RATES}
                result["saturated"] = saturated(server, files["row"], options)
                result["resident"] = server.resident()
            results[side].append(result)
            print(f"round {number + 1}, {side}: {json.dumps(result)}", file=sys.stderr)
    return results, floors, max(differences)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="a run of MovieLens-1M, protocol course")
    parser.add_argument("movielens", help="the folder of ML-1M")
    parser.add_argument("--binary", required=True, help="autoint")
    parser.add_argument("--rounds", type=int, default=5, help="2 or more")
    parser.add_argument("--seconds", type=int, default=10, help="of each load")
    parser.add_argument("--warm", type=int, default=2, help="1 or more seconds before each")
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error("--rounds takes 2 or more: a table has quartiles")
    # Commands run in other folders.
    for name in ("run", "movielens", "binary"):
        setattr(options, name, str(pathlib.Path(getattr(options, name)).resolve()))
    options.model = LOGS / "serve.onnx"

    load = os.getloadavg()[0]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    exporting = [sys.executable, "-B", HERE / "export_onnx.py", options.run, options.model, "--verify", options.binary]
    try:
        exported = output(exporting)
        files = {kind: bodies(options.run, options.movielens, kind) for kind in RATES}
        results, floors, difference = measure(options, files)
    except Failed as error:
        sys.exit(f"failed: {error}")

    table(results)
    floor = {key: statistics.median(f[key] for f in floors) for key in ("p50", "p99", "core")}
    print(f"\nMedian of {options.rounds} rounds of {options.seconds} s (quartiles); last column above 1: ours is better.")
    print(f"Largest difference of a probability: {difference:.1e} between the servers, ", end="")
    print(f"{exported:.1e} between the ONNX graph and `autoint predict`.")
    print(f"The floor, `GET /healthz` of ours at 500/s: p50 {floor['p50']:.3f} ms, p99 {floor['p99']:.3f} ms; ", end="")
    print(f"the generator takes {floor['core']:.0%} of a core.")
    versions = f"FastAPI {fastapi.__version__}, uvicorn {uvicorn.__version__}, onnxruntime {onnxruntime.__version__}"
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"{datetime.date.today()}, {cpu()}, {CORES} cores, load before {load:.1f}; ", end="")
    ours = f"{said(options.binary, '--version')}, commit {said('git', 'rev-parse', '--short', 'HEAD')}"
    print(f"Python {python}, {versions}; {ours}.")
    remarks(results)


if __name__ == "__main__":
    main()
