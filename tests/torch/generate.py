"""Writes the safetensors files of this folder and golden.json: pip install numpy==2.2.6 safetensors==0.5.3; python generate.py

The tensors have the names and shapes that the state_dict() of FuxiCTR's AutoInt (model_zoo/AutoInt, MultiHeadSelfAttention and MLP_Block) and of
DeepCTR-Torch's AutoInt (InteractingLayer and DNN) have; the logits are computed in float64 by what their `forward` does. Neither library
is needed, and nothing is random but for a fixed seed.
"""

import json
import pathlib

import numpy as np
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).parent
VALUES = {"user": ["u2", "u1", "u3"], "user_kind": ["b", "a"], "item": ["i4", "i1", "i3", "i2"]}
E, H, ROWS = 4, 2, 6


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def attend(x, q, k, v):
    heads = lambda y: y.reshape(*y.shape[:2], H, -1).transpose(0, 2, 1, 3)
    q, k, v = heads(x @ q), heads(x @ k), heads(x @ v)
    mixed = softmax(q @ k.transpose(0, 1, 3, 2)) @ v
    return mixed.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[1], -1)


def relu(x):
    return np.maximum(x, 0)


class Tensors(dict):
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def new(self, name, *shape):
        self[name] = self.rng.uniform(-0.9, 0.9, shape).astype("float32")
        return self[name].astype("float64")


def codes(rng):
    """-1: a value that is not known."""
    rows = [[rng.integers(-1, len(texts)) for texts in VALUES.values()] for _ in range(ROWS)]
    return rows + [[-1] * len(VALUES)]


def fuxictr():
    t, rows, width = Tensors(1), codes(np.random.default_rng(2)), 8
    # Padding, the values by how often they came, values that are not known.
    at = lambda table, code, n: table[n + 1] if code < 0 else table[code + 1]
    look = lambda prefix, d: [
        [at(table, row[f], len(texts)) for row in rows]
        for f, (name, texts) in enumerate(VALUES.items())
        for table in [t.new(f"{prefix}.{name}.weight", len(texts) + 2, d)]
    ]
    x = np.stack(look("embedding_layer.embedding_layer.embedding_layers", E), 1)
    wide = np.stack(look("lr_layer.embedding_layer.embedding_layer.embedding_layers", 1), 1).sum((1, 2))
    flat, y = x.reshape(len(rows), -1), x
    for layer in range(2):
        q, k, v = (t.new(f"self_attention.{layer}.W_{n}.weight", width, y.shape[-1]).T for n in "qkv")
        # The second layer's residual is its input.
        residual = y @ t.new("self_attention.0.W_res.weight", width, E).T if layer == 0 else y
        y = relu(attend(y, q, k, v) + residual)
    fc = t.new("fc.weight", 1, y.shape[1] * width)
    logit = (y.reshape(len(rows), -1) @ fc.T)[:, 0] + t.new("fc.bias", 1)[0] + wide
    # With dropout between: linear layers at 0, 3 and 6.
    for place, units, last in [(0, 6, False), (3, 5, False), (6, 1, True)]:
        flat = flat @ t.new(f"dnn.mlp.{place}.weight", units, flat.shape[1]).T + t.new(f"dnn.mlp.{place}.bias", units)
        flat = flat if last else relu(flat)
    return t, rows, logit + flat[:, 0]


def deepctr():
    t, rows, d = Tensors(3), codes(np.random.default_rng(4)), 4
    rows = [[max(code, 0) for code in row] for row in rows]
    tables = [t.new(f"embedding_dict.{name}.weight", len(texts), d) for name, texts in VALUES.items()]
    x = np.stack([[table[row[f]] for row in rows] for f, table in enumerate(tables)], 1)
    y, deep = x, x.reshape(len(rows), -1)
    for layer in range(3):
        q, k, v, r = (t.new(f"int_layers.{layer}.W_{n}", d, d) for n in ["Query", "key", "Value", "Res"])
        y = relu(attend(y, q, k, v) + y @ r)
    for layer, units in enumerate([6, 5]):
        weight, bias = t.new(f"dnn.linears.{layer}.weight", units, deep.shape[1]), t.new(f"dnn.linears.{layer}.bias", units)
        deep = relu(deep @ weight.T + bias)
    stacked = np.concatenate([y.reshape(len(rows), -1), deep], 1)
    logit = (stacked @ t.new("dnn_linear.weight", 1, stacked.shape[1]).T)[:, 0]
    return t, rows, logit + t.new("out.bias", 1)[0]


def main():
    golden = {"values": VALUES}
    for name, model in [("fuxictr", fuxictr), ("deepctr-torch", deepctr)]:
        tensors, rows, logits = model()
        save_file(dict(tensors), FOLDER / f"{name}.safetensors")
        golden[name] = {"rows": [[int(code) for code in row] for row in rows], "logits": [float(z) for z in logits]}
    (FOLDER / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
