#!/usr/bin/env python3
"""Sends requests at a fixed rate and prints, as JSON, how long the answers took.

Open loop: request i is due at start + i / rate, whatever became of those before it, and its time counts from then. A server
that stops for a second has therefore as many slow answers as were due in that second; so has a moment in which all connections
are taken. The connections are kept alive and take turns. One thread, one `select`, no parsing beyond status and length.

    load.py 127.0.0.1:8080 /v1/score --bodies score.jsonl --rate 500 --seconds 10
    load.py 127.0.0.1:8080 /healthz --rate 500      # the floor: what this program and the machine add
"""

import argparse
import collections
import ctypes
import gc
import json
import pathlib
import resource
import select
import socket
import sys
import time

PR_SET_TIMERSLACK = 29
PATIENCE = 5  # seconds without any answer


def requests(host, path, bodies):
    if not bodies:
        return [f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()]
    kind = "Content-Type: application/json\r\n"
    head = "POST {} HTTP/1.1\r\nHost: {}\r\n{}Content-Length: {}\r\n\r\n"
    return [head.format(path, host, kind, len(body)).encode() + body for body in bodies]


class Connection:
    def __init__(self, address):
        self.address = address
        self.open()

    def open(self):
        self.socket = socket.create_connection(self.address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read, self.length = b"", None

    def fileno(self):
        return self.socket.fileno()

    def answer(self):
        """The status of an answer that is complete, or None; OSError when there will be none."""
        some = self.socket.recv(1 << 16)
        if not some:
            raise ConnectionError("closed")
        self.read += some
        if self.length is None:
            end = self.read.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = self.read[:end].lower()
            at = head.find(b"content-length:")
            if at < 0:
                raise ConnectionError("no length")
            self.length = end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self.read) < self.length:
            return None
        status, self.read, self.length = self.read[9:12].decode(), b"", None
        return status


def load(address, sent, rate, seconds, warm, connections):
    """Sends for `warm` and then for `seconds`; what was due in the first is not counted."""
    free = collections.deque(Connection(address) for _ in range(connections))
    busy, took, late, errors = {}, [], [], collections.Counter()
    clock, number, total, counted = time.perf_counter, 0, round(rate * (warm + seconds)), round(rate * warm)
    start = clock() + 0.01
    last = start
    while number < total or busy:
        now = clock()
        while free and number < total and (due := start + number / rate) <= now:
            connection = free.popleft()
            busy[connection] = number
            if number >= counted:
                late.append(now - due)
            try:
                connection.socket.sendall(sent[number % len(sent)])
            except OSError:
                pass  # Reading tells.
            number += 1
            now = clock()
        wait = max(0, start + number / rate - now) if free and number < total else PATIENCE
        for connection in select.select(list(busy), [], [], wait)[0]:
            try:
                status = connection.answer()
            except OSError as error:
                status = type(error).__name__
                connection.socket.close()
                connection.open()
            if status is None:
                continue
            last = clock()
            which = busy.pop(connection)
            free.append(connection)
            if which >= counted:
                if status == "200":
                    took.append(last - (start + which / rate))
                else:
                    errors[status] += 1
        if busy and clock() - last > PATIENCE:
            errors["none"] += len(busy) + total - number
            break
    return took, late, errors, last - (start + counted / rate)


def percentile(numbers, share):
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * share))] * 1e3 if numbers else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="host:port")
    parser.add_argument("path")
    parser.add_argument("--bodies", type=pathlib.Path, help="one a line, in turn; without, the requests are GET")
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm", type=float, default=0, help="seconds before, at the same rate")
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1)  # Wakes when it shall, not up to 50 us later.
    gc.disable()
    host, port = options.address.rsplit(":", 1)
    bodies = options.bodies and options.bodies.read_bytes().splitlines()
    sent = requests(options.address, options.path, bodies)
    try:
        took, late, errors, span = load(
            (host, int(port)), sent, options.rate, options.seconds, options.warm, options.connections
        )
    except OSError as error:  # Of connecting; what happens to a request is counted.
        sys.exit(f"{options.address}: {error}")
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer = {
        "rate": len(took) / max(span, options.seconds),
        "p50": percentile(took, 0.5),
        "p99": percentile(took, 0.99),
        "max": percentile(took, 1),
        "late_p99": percentile(late, 0.99),  # Of the sending, which is within the others.
        "errors": dict(errors),
        "core": (used.ru_utime + used.ru_stime) / (options.warm + options.seconds),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
