"""AutoInt+ in Keras on TensorFlow, in graph mode; `--xla` compiles the graph with XLA. Speaks as `common.py` says."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf
from keras import layers

from common import CONFIG, FIELDS, HIDDEN, serve, weights

XLA = "--xla" in sys.argv


class Interacting(layers.Layer):
    def __init__(self, inputs, shape):
        super().__init__()
        self.heads = shape["heads"]
        self.projections = [self.add_weight(shape=(inputs, shape["width"]), name=name) for name in "qkvr"]

    def call(self, x):
        q, k, v, residual = (tf.tensordot(x, w, 1) for w in self.projections)
        q, k, v = (tf.stack(tf.split(p, self.heads, axis=-1)) for p in (q, k, v))
        attention = tf.nn.softmax(tf.einsum("hbic,hbjc->hbij", q, k), axis=-1)
        return tf.nn.relu(tf.concat(tf.unstack(tf.matmul(attention, v)), axis=-1) + residual)


class AutoInt(keras.Model):
    def __init__(self, shape):
        super().__init__()
        dim, self.width = shape["dim"], shape["width"]
        self.table = layers.Embedding(sum(FIELDS), dim)
        self.interacting = [Interacting(self.width if i else dim, shape) for i in range(CONFIG["layers"])]
        self.head = layers.Dense(1, use_bias=False)
        self.mlp = keras.Sequential()
        for width in HIDDEN:
            self.mlp.add(layers.Dense(width, "relu"))
            self.mlp.add(layers.Dropout(CONFIG["dropout"]))
        self.mlp.add(layers.Dense(1))

    def call(self, ids, training=False):
        embedded = tokens = self.table(ids)
        for layer in self.interacting:
            tokens = layer(tokens)
        flat = lambda x: tf.reshape(x, [-1, x.shape[1] * x.shape[2]])
        return tf.sigmoid(self.head(flat(tokens)) + self.mlp(flat(embedded), training=training))


class Model:
    def __init__(self, shape):
        self.net = AutoInt(shape)
        self.net(tf.zeros([1, len(FIELDS)], tf.int32))
        for to, value in zip(self.net.trainable_variables, weights(shape), strict=True):
            to.assign(value)
        adam = keras.optimizers.Adam(CONFIG["learning_rate"])
        adam.build(self.net.trainable_variables)
        self.net.compile(adam, "binary_crossentropy")
        # What `fit` calls for each batch, without its handling of data sets.
        self.train = tf.function(lambda x, y: self.net.train_step((x, y))["loss"], jit_compile=XLA)
        self.forward = tf.function(lambda x: self.net(x, training=False), jit_compile=XLA)

    def parameters(self):
        return self.net.count_params()

    def step(self, ids, labels):
        return float(self.train(ids, labels))

    def infer(self, ids):
        return self.forward(ids).numpy()[:, 0]


def array(x):
    return tf.constant(x if x.ndim == 2 else x[:, None])


tf.config.threading.set_intra_op_parallelism_threads(CONFIG["threads"])
tf.config.threading.set_inter_op_parallelism_threads(CONFIG["threads"])
serve(f"Keras {keras.__version__} on TensorFlow {tf.__version__}", Model, array)
