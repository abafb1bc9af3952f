#!/usr/bin/env python3
"""Writes the scoring graph of a trained run as ONNX: codes `[rows, fields]` in, `logit` and `probability` `[rows]` out.

A code is a row of all fields' tables put one below the other (see `rows.py`), so that one Gather looks everything up; the
attention is the standard's own operator (opset 23), which onnxruntime computes faster than MatMul, Softmax, MatMul, and
than its own operators for attention. Tried and slower: one product for query, key, value and residual; tables that are
projected beforehand, as ours are.

    export_onnx.py RUN model.onnx [--verify BINARY]      # compares with `BINARY predict` on random rows
"""

import argparse
import csv
import io
import json
import pathlib
import random
import subprocess
import sys
import tomllib

import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import load_file

from graph import Graph
from rows import Vocabulary

TOLERANCE = 1e-5


def refuse(run, model):
    """What some runs have and this graph does not."""
    sampling = json.loads((run / "schema.json").read_text())["protocol"]["sampling"]
    layer, mlp = model["interacting"], model["mlp"]  # A part that is not there is `false`.
    if not layer:
        sys.exit("the run has no interacting layers")
    switches = {
        **{part: model[part] for part in ("linear", "fm", "cross", "cin")},
        "interacting.layer_norm": layer["layer_norm"],
        "interacting.head.bias": layer["head"]["bias"],
        "interacting.head.relu": layer["head"]["relu"],
        "mlp.batch_norm": mlp and mlp["batch_norm"],
        "mlp.output_relu": mlp and mlp["output_relu"],
        "sampled negatives": sampling["negatives"] != 1,
    }
    if on := [name for name, value in switches.items() if value]:
        sys.exit(f"the run has {', '.join(on)}, which this exporter does not know")


def build(run):
    """The ONNX model of a run."""
    config = tomllib.loads((run / "config.toml").read_text())["model"]
    refuse(run, config)
    weights = load_file(run / "model.safetensors")
    names = Vocabulary(run).fields
    fields, layer = len(names), config["interacting"]
    graph = Graph()
    weight = lambda name: graph.constant(name, weights[name])

    def project(x, name):
        projected = graph.op("MatMul", x, weight(name))
        if layer["projection_bias"]:
            projected = graph.op("Add", projected, weight(f"{name}.bias"))
        return graph.op("Relu", projected) if layer["projection_relu"] else projected

    def flat(x, width):
        return graph.op("Reshape", x, graph.constant(f"flat_{width}", np.array([-1, fields * width])))

    table = np.concatenate([weights[f"embedding.{name}"] for name in names])
    embedded = x = graph.op("Gather", graph.constant("embedding", table), "codes")
    heads = layer["heads"]
    # Without a scale the operator takes one over the root of a head's width, as the paper does not.
    scale = (layer["width"] / heads) ** -0.5 if layer["scale_scores"] else 1.0
    for number in range(layer["layers"]):
        q, k, v, residual = (project(x, f"interacting.{number}.{part}") for part in ("query", "key", "value", "residual"))
        attended = graph.op("Attention", q, k, v, q_num_heads=heads, kv_num_heads=heads, scale=scale)
        x = graph.op("Relu", graph.op("Add", attended, residual))
    logit = graph.op("MatMul", flat(x, layer["width"]), weight("head.weight"))
    if config["mlp"]:
        deep = flat(embedded, table.shape[1])
        for part in [*range(len(config["mlp"]["hidden"])), "output"]:
            deep = graph.op("Gemm", deep, weight(f"mlp.{part}.weight"), weight(f"mlp.{part}.bias"))
            if part != "output":
                deep = graph.op("Relu", deep)
        logit = graph.op("Add", logit, deep)
    graph.op("Reshape", logit, graph.constant("rows", np.array([-1])), to="logit")
    graph.op("Sigmoid", "logit", to="probability")
    vector = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows"])
    codes = helper.make_tensor_value_info("codes", TensorProto.INT64, ["rows", fields])
    return graph.model([codes], [vector("logit"), vector("probability")])


def verify(run, model, binary, count=5000):
    """The largest difference from `autoint predict` on random rows, in which one value of fifty is unknown."""
    import onnxruntime

    vocabulary, drawn = Vocabulary(run), random.Random(1)
    value = lambda field: "?" if drawn.random() < 0.02 else drawn.choice(list(vocabulary.codes[field]))
    rows = [{field: value(field) for field in vocabulary.fields} for _ in range(count)]
    text = io.StringIO()
    writer = csv.DictWriter(text, vocabulary.fields)
    writer.writeheader()
    writer.writerows(rows)
    said = subprocess.run([binary, "predict", run, "--input", "-"], input=text.getvalue(), capture_output=True, text=True)
    if said.returncode:
        sys.exit(said.stderr)
    predicted = list(csv.DictReader(io.StringIO(said.stdout)))
    codes, unknown = vocabulary.encode(rows)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    _, probabilities = session.run(None, {"codes": codes})
    if ["|".join(names) for names in unknown] != [row["unknown"] for row in predicted]:
        sys.exit("the unknown fields differ from those of `autoint predict`")
    return np.abs(probabilities - np.array([float(row["probability"]) for row in predicted])).max()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--verify", metavar="BINARY")
    options = parser.parse_args()
    model = build(options.run)
    if options.verify:
        difference = verify(options.run, model, options.verify)
        print(f"{difference:.1e}")
        if not difference <= TOLERANCE:
            sys.exit(f"probabilities differ from those of `autoint predict` by more than {TOLERANCE}")
    onnx.save(model, options.output)


if __name__ == "__main__":
    main()
