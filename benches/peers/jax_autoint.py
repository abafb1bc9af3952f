"""AutoInt+ in JAX, step and inference jitted, Adam of optax. Speaks as `common.py` says."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from common import CONFIG, FIELDS, HIDDEN, serve, weights


def interacting(x, projections, heads):
    q, k, v, residual = (x @ w for w in projections)
    q, k, v = (p.reshape(*x.shape[:2], heads, -1) for p in (q, k, v))
    attention = jax.nn.softmax(jnp.einsum("bihc,bjhc->bhij", q, k), -1)
    attended = jnp.einsum("bhij,bjhc->bihc", attention, v)
    return jax.nn.relu(attended.reshape(residual.shape) + residual)


def mlp(x, parameters, key):
    """Dropout when there is a key."""
    for layer in range(len(HIDDEN)):
        x = jax.nn.relu(x @ parameters[2 * layer] + parameters[2 * layer + 1])
        if key is not None:
            keep = 1 - CONFIG["dropout"]
            kept = jax.random.bernoulli(jax.random.fold_in(key, layer), keep, x.shape)
            x = jnp.where(kept, x / keep, 0)
    return x @ parameters[-2] + parameters[-1]


def logits(parameters, ids, heads, key=None):
    layers = 4 * CONFIG["layers"]
    embedded = tokens = parameters[0][ids]
    for first in range(1, layers, 4):
        tokens = interacting(tokens, parameters[first : first + 4], heads)
    flat = lambda x: x.reshape(x.shape[0], -1)
    logit = flat(tokens) @ parameters[layers + 1] + mlp(flat(embedded), parameters[layers + 2 :], key)
    return logit[:, 0]


class Model:
    def __init__(self, shape):
        self.weights = [jnp.array(w) for w in weights(shape)]
        adam = optax.adam(CONFIG["learning_rate"])
        self.state, self.key, self.steps = adam.init(self.weights), jax.random.key(1), 0
        heads = shape["heads"]

        def loss(weights, ids, labels, key):
            return optax.sigmoid_binary_cross_entropy(logits(weights, ids, heads, key), labels).mean()

        # Weights and state are updated in place.
        @functools.partial(jax.jit, donate_argnums=(0, 1))
        def train(weights, state, ids, labels, key, step):
            key = jax.random.fold_in(key, step)
            value, gradient = jax.value_and_grad(loss)(weights, ids, labels, key)
            update, state = adam.update(gradient, state)
            return optax.apply_updates(weights, update), state, value

        self.train = train
        self.forward = jax.jit(lambda weights, ids: jax.nn.sigmoid(logits(weights, ids, heads)))

    def parameters(self):
        return sum(w.size for w in self.weights)

    def step(self, ids, labels):
        self.steps += 1
        self.weights, self.state, loss = self.train(self.weights, self.state, ids, labels, self.key, self.steps)
        return float(jax.block_until_ready((self.weights, self.state, loss))[2])

    def infer(self, ids):
        return np.asarray(self.forward(self.weights, ids))


# XLA takes as many threads as the process has cores: `run.py` gives it two.
serve(f"JAX {jax.__version__} with optax {optax.__version__}", Model, jnp.array)
