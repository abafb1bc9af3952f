"""The course projects' model in Keras 3 with exported weights beside `autoint predict`: `check_keras.py WEIGHTS.weights.h5 SPEC.json PREDICTED.csv`.

SPEC.json holds field_dims, embedding, heads, layers, hidden (null without an MLP), batch_norm, and the encoded rows. Ends with 1 when a
logit differs by more than 1e-5 of its size.
"""

import csv
import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers, ops

MOST = 1e-5


class FeaturesEmbedding(layers.Layer):
    def __init__(self, dims, embedding, **kwargs):
        super().__init__(**kwargs)
        self.embedding = layers.Embedding(sum(dims), embedding)
        self.offsets = np.array([0, *np.cumsum(dims)[:-1]], dtype="int32")

    def build(self, shape):
        self.embedding.build(shape)

    def call(self, x):
        return self.embedding(x + self.offsets)


class MultiHeadSelfAttention(layers.Layer):
    def __init__(self, embedding, heads, **kwargs):
        super().__init__(**kwargs)
        self.embedding, self.heads = embedding, heads

    def build(self, shape):
        width = self.embedding * self.heads
        names = ["query", "key", "value", "res"]
        self.w = [self.add_weight(name=name, shape=(shape[-1], width)) for name in names]

    def call(self, x):
        fields = x.shape[1]
        split = lambda w: ops.transpose(
            ops.reshape(ops.matmul(x, w), (-1, fields, self.heads, self.embedding)), (0, 2, 1, 3)
        )
        q, k, v = (split(w) for w in self.w[:3])
        attention = ops.softmax(ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))), axis=-1)
        heads = ops.transpose(ops.matmul(attention, v), (0, 2, 1, 3))
        heads = ops.reshape(heads, (-1, fields, self.heads * self.embedding))
        return ops.relu(heads + ops.matmul(x, self.w[3]))


def perceptron(hidden, batch_norm):
    net = []
    for units in hidden:
        net.append(layers.Dense(units, activation="relu"))
        if batch_norm:
            net += [layers.BatchNormalization(), layers.Activation("relu")]
        net.append(layers.Dropout(0.4))
    return keras.Sequential(net + [layers.Dense(1)])


class AutoInt(layers.Layer):
    def __init__(self, spec, **kwargs):
        super().__init__(**kwargs)
        embedding, heads = spec["embedding"], spec["heads"]
        self.embedding = FeaturesEmbedding(spec["field_dims"], embedding)
        self.final_layer = layers.Dense(1, use_bias=False)
        if spec["hidden"]:
            self.dnn = perceptron(spec["hidden"], spec["batch_norm"])
        self.int_layers = [MultiHeadSelfAttention(embedding, heads) for _ in range(spec["layers"])]
        self.has_mlp = bool(spec["hidden"])

    def call(self, x):
        embedded = self.embedding(x)
        attended = embedded
        for layer in self.int_layers:
            attended = layer(attended)
        flat = lambda tokens: ops.reshape(tokens, (-1, tokens.shape[1] * tokens.shape[2]))
        logit = self.final_layer(flat(attended))
        return logit + self.dnn(flat(embedded)) if self.has_mlp else logit


class AutoIntModel(keras.Model):
    def __init__(self, spec):
        super().__init__()
        self.autoInt_layer = AutoInt(spec)

    def call(self, x):
        return ops.sigmoid(self.autoInt_layer(x))


def main(weights, spec, predicted):
    with open(spec, encoding="utf-8") as file:
        spec = json.load(file)
    with open(predicted, encoding="utf-8", newline="") as file:
        expected = np.array([float(row["logit"]) for row in csv.DictReader(file)])
    rows = np.array(spec["rows"], dtype="int32")
    model = AutoIntModel(spec)
    model(rows[:2])
    model.load_weights(weights)
    logits = np.asarray(model.autoInt_layer(rows)).reshape(-1)
    worst = np.max(abs(logits - expected) / np.maximum(1, abs(expected)))
    print(f"keras {keras.__version__}: {len(rows)} rows, largest difference {worst:.1e}, deviation {np.std(expected):.3f}")
    return 0 if worst <= MOST and np.std(expected) > 1e-3 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
