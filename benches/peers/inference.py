"""What the peers that only infer share: AutoInt+ as an ONNX graph, and how the rows of a batch are shared out.

The graph is that of `export_onnx.py`: one Gather, the standard's own operator for attention. Tried, each with a fixed and an
open number of rows: attention of MatMul, Softmax, MatMul, its heads an axis or products of their own; onnxruntime's own
MultiHeadAttention; products of two-dimensional arrays. onnxruntime is fastest with this graph in every shape and kind, or as
fast; to OpenVINO, which composes and fuses by itself, all but the products for each head are alike, and it gains from a fixed
number of rows. One product for query, key, value and residual (`joined`) is slower, but for one row in OpenVINO.

What wins by shape and kind is how the rows are shared out: as a whole or in parts that stay in the cache, one part after the
other on two threads or two at a time on a thread each; for one row, one thread or two. So each number of rows is measured in
all these ways when it is first seen, before anything is timed, and the fastest is kept; the log names it.
"""

import math
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from onnx import TensorProto, helper

from common import CONFIG, FIELDS, HIDDEN, weights
from graph import Graph

THREADS = CONFIG["threads"]
PARTS = (256, 128, 32)  # rows
POOL = ThreadPoolExecutor(THREADS)


def build(shape, rows, joined=False):
    """The ONNX model for batches of so many rows: ids `[rows, fields]` in, probabilities `[rows]` out."""
    graph, drawn = Graph(), weights(shape)
    take = lambda: graph.constant(f"weights_{len(drawn)}", drawn.pop(0))
    flat = lambda x: graph.op("Flatten", x, axis=1)
    embedded = x = graph.op("Gather", take(), "ids")
    for _ in range(CONFIG["layers"]):
        if joined:
            four = graph.constant(f"weights_{len(drawn)}", np.concatenate([drawn.pop(0) for _ in range(4)], axis=1))
            q, k, v, residual = graph.split(graph.op("MatMul", x, four), 4, axis=2)
        else:
            q, k, v, residual = (graph.op("MatMul", x, take()) for _ in range(4))
        # The operator's own scale would be one over the root of a head's width.
        attended = graph.op("Attention", q, k, v, q_num_heads=shape["heads"], kv_num_heads=shape["heads"], scale=1.0)
        x = graph.op("Relu", graph.op("Add", attended, residual))
    logit, deep = graph.op("MatMul", flat(x), take()), flat(embedded)
    for _ in HIDDEN:
        deep = graph.op("Relu", graph.op("Gemm", deep, take(), take()))
    logit = graph.op("Add", logit, graph.op("Gemm", deep, take(), take()))
    graph.op("Sigmoid", graph.op("Reshape", logit, graph.constant("rows", np.array([rows]))), to="probability")
    ids = helper.make_tensor_value_info("ids", TensorProto.INT32, [rows, len(FIELDS)])
    return graph.model([ids], [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [rows])])


def seconds(run, ids):
    """What a run takes after the first: the median of two or of what a fiftieth of a second holds."""
    run(ids)
    taken = []
    while len(taken) < 2 or sum(taken) < 0.02:
        start = time.perf_counter()
        run(ids)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def shared(runs, part):
    """A function of ids that has `runs`, one a thread, compute them in parts."""
    def infer(ids):
        probabilities, starts = np.empty(len(ids), np.float32), iter(range(0, len(ids), part))

        def work(run):
            for start in starts:  # The threads share one iterator: whoever is free takes the next part.
                rows = slice(start, start + part)
                probabilities[rows] = run(ids[rows])

        others = [POOL.submit(work, run) for run in runs[1:]]
        work(runs[0])
        for other in others:
            other.result()
        return probabilities

    return infer


class Model:
    """A model for `common.serve`.

    A subclass has `compiled(model, threads, at_once)`: `at_once` functions that may run at the same time, each of which computes
    a batch with so many threads.
    """

    def __init__(self, shape):
        self.shape, self.runs = shape, {}

    def parameters(self):
        constants = build(self.shape, 1).graph.initializer
        return sum(math.prod(c.dims) for c in constants if c.data_type == TensorProto.FLOAT)

    def infer(self, ids):
        if len(ids) not in self.runs:
            self.runs[len(ids)] = self.fastest(ids)
        return self.runs[len(ids)](ids)

    def ways(self, rows):
        """The name of each way and a function of ids."""
        for part in [rows, *(part for part in PARTS if part < rows and rows % part == 0)]:
            for threads in range(1, THREADS + 1):
                at_once = min(THREADS // threads, rows // part)
                if rows > 1 and threads * at_once < THREADS:
                    continue
                for joined in (False, True) if rows == 1 else (False,):
                    model = build(self.shape, part, joined).SerializeToString()
                    runs = self.compiled(model, threads, at_once)
                    way = f"parts of {part}, {at_once} at a time, threads each {threads}{', joined' if joined else ''}"
                    yield way, runs[0] if part == rows else shared(runs, part)

    def fastest(self, ids):
        runs = dict(self.ways(len(ids)))
        # In turns, so that a busy moment of the machine does not decide.
        taken = [{way: seconds(run, ids) for way, run in runs.items()} for _ in range(5)]
        best = min(runs, key=lambda way: statistics.median(times[way] for times in taken))
        print(f"{self.shape}, rows {len(ids)}: {best}", file=sys.stderr, flush=True)
        return runs[best]
