"""What the peers share: shapes, data, weights, and the lines they speak with `run.py`.

A process prints its version, then answers each line `SHAPE KIND N` (kind: step, infer2048, infer64 or infer1) with
one line of JSON: the milliseconds of N repetitions, the number of parameters, and the first rows' probabilities before any
training. `ours.rs` speaks the same and has the same data and weights.
"""

import json
import pathlib
import sys
import time

import numpy as np

CONFIG = json.loads((pathlib.Path(__file__).parent / "shapes.json").read_text())
FIELDS, ROWS, HIDDEN = CONFIG["fields"], CONFIG["rows"], CONFIG["hidden"]


def uniform(stream, n):
    """Numbers in [0, 1), steps of 2^-24: number i is SplitMix64's output from the state stream * 2^32 + i."""
    state = np.uint64(stream << 32) + np.arange(n, dtype=np.uint64)
    z = (state + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(40)) / 2.0**24


def batches():
    """Ids `[rows, fields]`, each field's offset added, and labels `[rows]`, of every batch.

    An id is the field's size times u^3, a power law: a quarter of the ids gets 63 % of the rows.
    """
    n, starts = CONFIG["batches"] * ROWS, np.cumsum([0, *FIELDS[:-1]])
    column = lambda field, size: (size * uniform(100 + field, n) ** 3).astype(np.int32)
    ids = np.stack([column(*field) for field in enumerate(FIELDS)], 1) + starts.astype(np.int32)
    labels = (uniform(99, n) < 0.5).astype(np.float32)
    return list(zip(np.split(ids, CONFIG["batches"]), np.split(labels, CONFIG["batches"])))


def weights(shape):
    """All weights in the order of our layout: table; query, key, value, residual of each layer; head; MLP."""
    dim, width = shape["dim"], shape["width"]
    shapes = [(sum(FIELDS), dim)]
    for layer in range(CONFIG["layers"]):
        shapes += 4 * [(width if layer else dim, width)]
    shapes.append((len(FIELDS) * width, 1))
    inputs = len(FIELDS) * dim
    for outputs in [*HIDDEN, 1]:
        shapes += [(inputs, outputs), (outputs,)]
        inputs = outputs
    drawn = []
    for stream, shape in enumerate(shapes):
        # Glorot's limit for matrices; the table and biases get a fixed one.
        limit = (6 / sum(shape)) ** 0.5 if stream and len(shape) == 2 else 0.25
        values = (2 * uniform(stream, np.prod(shape)) - 1) * limit
        drawn.append(values.reshape(shape).astype(np.float32))
    return drawn


def serve(version, model, array):
    """Answers lines until they end.

    `model(shape)` has `parameters()`, `step(ids, labels)`, which trains and gives the loss (needless where `run.py` asks for
    inference only), and `infer(ids)`, which gives the probabilities; both return when all is computed. `array` makes a NumPy
    array what the two take.
    """
    data = batches()
    xs = [array(x) for x, _ in data]
    ys = [array(y) for _, y in data]
    inputs = {
        "infer2048": xs,
        "infer64": [array(x[:64]) for x, _ in data],
        "infer1": [array(data[0][0][row : row + 1]) for row in range(len(xs))],
    }
    models = {}
    print(version, flush=True)
    for line in sys.stdin:
        name, kind, repetitions = line.split()
        if name not in models:
            built = model(CONFIG["shapes"][name])
            models[name] = built, [float(p) for p in built.infer(xs[0])[:4]]
        built, probabilities = models[name]
        if kind == "step":
            run = lambda i: built.step(xs[i], ys[i])
        else:
            run = lambda i: built.infer(inputs[kind][i])
        repetitions, ms = int(repetitions), []
        # Untimed first: the caches hold what the other processes left in them.
        untimed = 1 + repetitions // 10
        for i in range(untimed + repetitions):
            start = time.perf_counter()
            run(i % len(xs))
            ms.append((time.perf_counter() - start) * 1e3)
        answer = {"ms": ms[untimed:], "parameters": built.parameters(), "probabilities": probabilities}
        print(json.dumps(answer), flush=True)
