"""Writes the Keras weights of this folder and golden.json: small models of the course projects' template, and what Keras computes with them.

Once with Keras 2.15 (`pip install tensorflow-cpu==2.15.1`), once with Keras 3 (`pip install keras==3.5.0 jax==0.4.38 h5py "numpy<2.3"`):

    python generate.py

Each writes the layouts that it has and its part of golden.json; every number comes from a fixed seed.
"""

import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import h5py
import keras
import numpy as np
from keras import layers

FOLDER = pathlib.Path(__file__).parent
KERAS_3 = keras.__version__.startswith("3")
if KERAS_3:
    from keras import ops

    matmul, transpose, reshape, concatenate = ops.matmul, ops.transpose, ops.reshape, ops.concatenate
else:
    import tensorflow as tf

    matmul, transpose, reshape, concatenate = tf.matmul, tf.transpose, tf.reshape, tf.concat

FIELDS = ["user_id", "movie_id", "movie_decade", "movie_year", "rating_year", "rating_month", "rating_decade"]
FIELDS += ["genre1", "genre2", "genre3", "gender", "age", "occupation", "zip"]
DIMS = [3, 4, 2, 3, 2, 2, 1, 2, 2, 2, 2, 2, 3, 3]
EMBEDDING, HEADS, LAYERS, HIDDEN, ROWS = 4, 2, 2, (6, 5), 8


class FeaturesEmbedding(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.embedding = layers.Embedding(sum(DIMS), EMBEDDING)
        self.offsets = np.array([0, *np.cumsum(DIMS)[:-1]])

    def build(self, shape):
        self.embedding.build(shape)

    def call(self, x):
        return self.embedding(x + self.offsets)


class FeaturesEmbeddingOfKeras2(layers.Layer):
    """The table without a layer of its own, as Keras 2's files of the projects have it."""

    def build(self, shape):
        self.table = self.add_weight(name="embeddings", shape=(sum(DIMS), EMBEDDING))

    def call(self, x):
        return tf.gather(self.table, x + np.array([0, *np.cumsum(DIMS)[:-1]]))


class MultiHeadSelfAttention(layers.Layer):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def build(self, shape):
        names = ["query", "key", "value", "res"]
        self.q, self.k, self.v, self.r = [self.add_weight(name=n, shape=(shape[-1], self.width)) for n in names]

    def call(self, x):
        heads = lambda w: transpose(reshape(matmul(x, w), (-1, len(DIMS), HEADS, self.width // HEADS)), (0, 2, 1, 3))
        q, k, v = heads(self.q), heads(self.k), heads(self.v)
        attention = keras.activations.softmax(matmul(q, transpose(k, (0, 1, 3, 2))))
        mixed = reshape(transpose(matmul(attention, v), (0, 2, 1, 3)), (-1, len(DIMS), self.width))
        return keras.activations.relu(mixed + matmul(x, self.r))


def perceptron(batch_norm):
    net = []
    for units in HIDDEN:
        net.append(layers.Dense(units, activation="relu"))
        if batch_norm:
            net += [layers.BatchNormalization(), layers.Activation("relu")]
        net.append(layers.Dropout(0.4))
    return keras.Sequential(net + [layers.Dense(1)])


class AutoInt(layers.Layer):
    def __init__(self, embedding, mlp, batch_norm, tracked=True, **kwargs):
        super().__init__(**kwargs)
        self.embedding = embedding
        self.final_layer = layers.Dense(1, use_bias=False)
        if mlp:
            self.dnn = perceptron(batch_norm)
        attention = [MultiHeadSelfAttention(EMBEDDING * HEADS) for _ in range(LAYERS)]
        # One of the projects kept its layers where Keras does not look.
        self.int_layers = attention if tracked else (lambda: attention)
        self.mlp = mlp

    def build(self, shape):
        self.call(np.zeros((1, len(DIMS)), "int32"))

    def call(self, x):
        embedded = self.embedding(x)
        attended = embedded
        for layer in self.int_layers() if callable(self.int_layers) else self.int_layers:
            attended = layer(attended)
        logit = self.final_layer(reshape(attended, (-1, len(DIMS) * EMBEDDING * HEADS)))
        if self.mlp:
            logit += self.dnn(reshape(embedded, (-1, len(DIMS) * EMBEDDING)))
        return logit


class AutoIntModel(keras.Model):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.autoInt_layer = AutoInt(*args, **kwargs)

    def call(self, x):
        return keras.activations.sigmoid(self.autoInt_layer(x))


def rows(rng):
    return np.stack([rng.integers(0, dim, ROWS) for dim in DIMS], axis=1).astype("int32")


def write(golden, name, **options):
    keras.utils.set_random_seed(len(name))
    rng = np.random.default_rng(len(name))
    embedding = FeaturesEmbedding() if KERAS_3 or name.endswith(".weights.h5") else FeaturesEmbeddingOfKeras2(name="features_embedding")
    model = AutoIntModel(embedding, **options)
    x = rows(rng)
    model(x)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["binary_accuracy"])
    if KERAS_3:
        model.optimizer.build(model.trainable_variables)
    else:
        model.fit(x, np.arange(ROWS) % 2, verbose=0)
    for variable in model.weights:
        # Large enough that no part of the model is too quiet to be seen in the sixth digit.
        positive = "variance" in variable.name
        value = rng.uniform(0.5 if positive else -0.8, 1.5 if positive else 0.8, variable.shape)
        variable.assign(value.astype("float32"))
    model.save_weights(str(FOLDER / name))
    logits = np.asarray(model.autoInt_layer(x)).reshape(-1)
    golden[name] = {"rows": x.tolist(), "logits": [float(z) for z in logits]}


def hostile():
    """Groups that go in a circle, 10 GB that are not there, and whole numbers for weights."""
    with h5py.File(FOLDER / "circle.h5", "w") as file:
        inner = file.create_group("a/b")
        inner["again"] = file["a"]
    with h5py.File(FOLDER / "claim.h5", "w") as file:
        file.create_dataset("a/embedding/embedding/vars/0", (13375, 200_000), "float32")
    with h5py.File(FOLDER / "integers.h5", "w") as file:
        file["a/embedding/embedding/vars/0"] = np.arange(6).reshape(3, 2)


def main():
    path = FOLDER / "golden.json"
    golden = json.loads(path.read_text()) if path.exists() else {}
    hostile()
    if KERAS_3:
        write(golden, "keras3-autoint.weights.h5", mlp=False, batch_norm=False)
        write(golden, "keras3-plus.weights.h5", mlp=True, batch_norm=False)
        write(golden, "keras3-batch-norm.weights.h5", mlp=True, batch_norm=True)
        write(golden, "untracked.weights.h5", mlp=True, batch_norm=False, tracked=False)
    else:
        write(golden, "keras2-autoint.h5", mlp=False, batch_norm=False)
        write(golden, "keras2-batch-norm.h5", mlp=True, batch_norm=True)
        write(golden, "keras215-batch-norm.weights.h5", mlp=True, batch_norm=True)
    path.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")
    classes = {field: [f"{field}-{code}" for code in range(dim)] for field, dim in zip(FIELDS, DIMS)}
    (FOLDER / "classes.json").write_text(json.dumps(classes) + "\n")


if __name__ == "__main__":
    main()
