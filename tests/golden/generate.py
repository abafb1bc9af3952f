"""Writes the golden files of this folder: AutoInt and AutoInt+ in plain PyTorch, at small shapes.

Pinned: Python 3.11, torch 2.7.1 (CPU), numpy 2.2.6. Run `python generate.py`; it writes next to itself, and running it
again gives the same bytes. README.md says what the numbers are compared with.

Every number follows from formulas here, none from a random generator. Tensors are named, shaped and ordered as in the
crate: weights are [inputs, outputs], head h of a projection is its columns h*c .. (h+1)*c.
"""

import os

# The last bits must not depend on the machine: one thread, no vector units, no reordered sums.
os.environ.update(ATEN_CPU_CAPABILITY="default", MKL_CBWR="COMPATIBLE", DNNL_MAX_CPU_ISA="SSE41", OMP_NUM_THREADS="1")

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = pathlib.Path(__file__).parent
STEPS = 10

# Table rows of the four fields: categorical, numeric, multi-valued, categorical. The first row of each is for unknown
# values; rows 0 and 11 are in no batch.
OFFSETS = [0, 4, 6, 11, 14]

# All numbers are exact in binary, and so is the mean over 1, 2 or 4 rows: float32 and float64 get the same input.
BATCHES = [
    {
        "rows": 7,
        "fields": [
            {"kind": "one", "ids": [1, 2, 3, 1, 2, 2, 1]},
            {"kind": "scaled", "ids": [5, 5, 4, 5, 5, 5, 5], "values": [0.75, -1.5, 1.0, 0.125, 2.0, -0.375, 1.25]},
            # The fifth sample names row 9 twice.
            {"kind": "mean", "starts": [0, 1, 3, 7, 8, 12, 14, 15], "ids": [7, 8, 10, 7, 8, 9, 10, 6, 9, 7, 9, 8, 10, 9, 8]},
            {"kind": "one", "ids": [12, 13, 12, 12, 13, 13, 12]},
        ],
        "labels": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.25],
        "weights": [1.0, 0.5, 2.0, 1.0, 3.0, 0.25, 1.5],
    },
    {
        # Leaves rows 3, 4 and 10 alone, which the first batch looks up: optimisers with memory move them all the same.
        "rows": 5,
        "fields": [
            {"kind": "one", "ids": [2, 1, 1, 2, 1]},
            {"kind": "scaled", "ids": [5, 5, 5, 5, 5], "values": [-0.5, 1.75, 0.25, 0.625, -2.25]},
            {"kind": "mean", "starts": [0, 2, 3, 4, 8, 9], "ids": [8, 9, 7, 6, 7, 7, 8, 9, 9]},
            {"kind": "one", "ids": [13, 12, 13, 13, 12]},
        ],
        "labels": [0.0, 1.0, 0.0, 1.0, 1.0],
        "weights": [],
    },
]

# "seed" picks the first values: the first number with which the assertions below hold in all of the case's runs.
PAPER = {
    "preset": "paper", "kind": "autoint", "linear_term": False, "embedding_dim": 3, "layers": 2, "heads": 2, "width": 8,
    "scale_scores": False, "projection_bias": False, "projection_relu": False, "layer_norm": False, "head_bias": True,
    "mlp_hidden": [6, 5], "mlp_batch_norm": False, "seed": 6,
}
AUTHORS = PAPER | {
    "preset": "authors", "kind": "autoint+", "scale_scores": True, "projection_bias": True, "projection_relu": True,
    "layer_norm": True, "seed": 19,
}
COURSE = PAPER | {"preset": "course", "kind": "autoint+", "head_bias": False, "seed": 0}
COURSE_BATCH_NORM = COURSE | {"mlp_batch_norm": True, "seed": 86}
AUTOINT = PAPER | {"preset": "autoint", "kind": "autoint+", "linear_term": True, "scale_scores": True, "seed": 0}

# torch.optim's class and all its settings that are not off. Most epsilons are far larger than usual: at 1e-8 nobody could see
# whether one stands inside or outside of a root, or is corrected for the step.
OPTIMISERS = {
    "sgd": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "adam": (torch.optim.Adam, {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-3}),
    "adamw": (torch.optim.AdamW, {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1}),
    "nadam": (torch.optim.NAdam, {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-3, "momentum_decay": 0.004}),
    "rmsprop": (torch.optim.RMSprop, {"lr": 0.001, "alpha": 0.99, "eps": 1e-3, "momentum": 0.9, "weight_decay": 0.05}),
    "adagrad": (torch.optim.Adagrad, {"lr": 0.05, "eps": 1e-3}),
}

# The file's name, the configuration, the optimisers it is trained with.
CASES = [
    ("paper", PAPER, list(OPTIMISERS)),
    ("authors", AUTHORS, list(OPTIMISERS)),
    ("course", COURSE, list(OPTIMISERS)),
    ("course-batch-norm", COURSE_BATCH_NORM, ["sgd", "adam"]),
    ("autoint", AUTOINT, ["adam"]),
]

LAYER_NORM_EPSILON = 1e-8
# As float32 has it, in the crate and in Keras: otherwise float64 would differ from the crate's reference by some 1e-9.
BATCH_NORM_EPSILON = float(np.float32(1e-3))
BATCH_NORM_MOMENTUM = 0.99

# A ReLU's argument closer to 0 could fall on the other side in float32, and less variance of a token (or of a unit over the
# batch) makes normalisation a magnifier of rounding: the cases keep away from both, at every step.
KINK = 1e-5
VARIANCE = 5e-3

# A gradient that is 0 but for rounding (a bias before batch normalisation, were its unit's ReLU never off) would be blown up
# to whole steps by Adam: each number's largest gradient of a training is an exact 0 or above this.
GRADIENT = 1e-4


def noise(name, count):
    """`count` numbers in -1..1 that follow from the name: FNV-1a seeds splitmix64, whose high 24 bits count."""
    mask = (1 << 64) - 1
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & mask
    numbers = []
    for _ in range(count):
        state = state + 0x9E3779B97F4A7C15 & mask
        z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        numbers.append(((z ^ z >> 31) >> 40) / 2.0**23 - 1.0)
    return np.array(numbers)


def shapes(config):
    """The trainable tensors, in the crate's order: tables, then dense parameters."""
    fields, dim, width = len(OFFSETS) - 1, config["embedding_dim"], config["width"]
    tensors = {"embedding": (OFFSETS[-1], dim)}
    if config["linear_term"]:
        tensors["linear"] = (OFFSETS[-1], 1)
    for layer in range(config["layers"]):
        inputs = dim if layer == 0 else width
        for name in ["query", "key", "value", "residual"]:
            tensors[f"interacting.{layer}.{name}"] = (inputs, width)
            if config["projection_bias"]:
                tensors[f"interacting.{layer}.{name}.bias"] = (width,)
        if config["layer_norm"]:
            tensors[f"interacting.{layer}.norm.gain"] = (width,)
            tensors[f"interacting.{layer}.norm.bias"] = (width,)
    tensors["head.weight"] = (fields * width, 1)
    if config["head_bias"]:
        tensors["head.bias"] = (1,)
    if config["kind"] == "autoint+":
        inputs = fields * dim
        for layer, units in [*enumerate(config["mlp_hidden"]), ("output", 1)]:
            tensors[f"mlp.{layer}.weight"] = (inputs, units)
            tensors[f"mlp.{layer}.bias"] = (units,)
            if config["mlp_batch_norm"] and layer != "output":
                tensors[f"mlp.{layer}.norm.gain"] = (units,)
                tensors[f"mlp.{layer}.norm.bias"] = (units,)
            inputs = units
    return tensors


def initial(seed, name, shape):
    """A tensor's first values: float32 numbers in float64."""
    numbers = noise(f"{seed}/{name}", math.prod(shape)).reshape(shape)
    if name.endswith(("norm.gain", "norm.variance")):
        numbers = 1.0 + 0.4 * numbers
    elif name.endswith(("bias", "norm.mean")):
        numbers = 0.3 * numbers
    elif name == "embedding":
        numbers = 1.2 * numbers
    elif name != "linear":
        # Variance 1 / inputs.
        numbers = math.sqrt(3.0 / shape[0]) * numbers
    return torch.tensor(numbers.astype(np.float32).astype(np.float64))


class Model:
    """The forward pass. `p` are the trainable tensors, `moving` the moving statistics of batch normalisation."""

    def __init__(self, config, p, moving):
        self.config, self.p, self.moving = config, p, moving
        # The smallest |argument| of a ReLU, and the smallest variance that was divided by.
        self.kink, self.variance = math.inf, math.inf

    def relu(self, x):
        # An exact 0 is a sum of ReLUs' zeros: it is 0 in float32 too, and its gradient goes nowhere.
        away = x.detach().abs()
        self.kink = min([self.kink, *away[away > 0].tolist()])
        return torch.relu(x)

    def look_up(self, table, batch):
        """[rows, fields, dim]"""
        columns = []
        for field in batch["fields"]:
            rows = table[torch.tensor(field["ids"])]
            if field["kind"] == "scaled":
                rows = rows * torch.tensor(field["values"], dtype=table.dtype)[:, None]
            elif field["kind"] == "mean":
                starts = field["starts"]
                rows = torch.stack([rows[a:b].mean(dim=0) for a, b in zip(starts, starts[1:])])
            columns.append(rows)
        return torch.stack(columns, dim=1)

    def interacting(self, layer, x):
        """Equations 5 to 8 of the paper, with the switches of the authors' code; x is [rows, fields, inputs]."""
        config, heads = self.config, self.config["heads"]
        c = config["width"] // heads

        def project(name):
            out = x @ self.p[f"interacting.{layer}.{name}"]
            if config["projection_bias"]:
                out = out + self.p[f"interacting.{layer}.{name}.bias"]
            return self.relu(out) if config["projection_relu"] else out

        query, key, value, residual = map(project, ["query", "key", "value", "residual"])
        outputs = []
        for h in range(heads):
            columns = slice(h * c, (h + 1) * c)
            scores = query[:, :, columns] @ key[:, :, columns].transpose(1, 2)
            if config["scale_scores"]:
                scores = scores / math.sqrt(c)
            outputs.append(torch.softmax(scores, dim=2) @ value[:, :, columns])
        out = self.relu(torch.cat(outputs, dim=2) + residual)
        if config["layer_norm"]:
            self.variance = min(self.variance, out.detach().var(dim=2, correction=0).min().item())
            gain, bias = (self.p[f"interacting.{layer}.norm.{name}"] for name in ["gain", "bias"])
            out = F.layer_norm(out, (config["width"],), gain, bias, LAYER_NORM_EPSILON)
        return out

    def batch_norm(self, layer, x, training):
        """As Keras does it: the batch's biased variance normalises and enters the moving average; x is [rows, units]."""
        name = f"mlp.{layer}.norm"
        mean, variance = self.moving[f"{name}.mean"], self.moving[f"{name}.variance"]
        if training:
            old = {"mean": mean, "variance": variance}
            mean, variance = x.mean(dim=0), x.var(dim=0, correction=0)
            self.variance = min(self.variance, variance.detach().min().item())
            for key, now in [("mean", mean), ("variance", variance)]:
                kept = BATCH_NORM_MOMENTUM * old[key] + (1.0 - BATCH_NORM_MOMENTUM) * now.detach()
                self.moving[f"{name}.{key}"] = kept
        hat = (x - mean) / torch.sqrt(variance + BATCH_NORM_EPSILON)
        return self.p[f"{name}.gain"] * hat + self.p[f"{name}.bias"]

    def mlp(self, x, training):
        for layer in range(len(self.config["mlp_hidden"])):
            x = self.relu(x @ self.p[f"mlp.{layer}.weight"] + self.p[f"mlp.{layer}.bias"])
            if self.config["mlp_batch_norm"]:
                x = self.relu(self.batch_norm(layer, x, training))
        return x @ self.p["mlp.output.weight"] + self.p["mlp.output.bias"]

    def logits(self, batch, training):
        """[rows]"""
        x = self.look_up(self.p["embedding"], batch)
        tokens = x
        for layer in range(self.config["layers"]):
            tokens = self.interacting(layer, tokens)
        logit = tokens.flatten(1) @ self.p["head.weight"]
        if self.config["head_bias"]:
            logit = logit + self.p["head.bias"]
        if self.config["kind"] == "autoint+":
            logit = logit + self.mlp(x.flatten(1), training)
        if self.config["linear_term"]:
            logit = logit + self.look_up(self.p["linear"], batch).sum(dim=1)
        return logit[:, 0]

    def loss(self, batch, logits):
        """The weighted mean of binary cross-entropy."""
        labels = torch.tensor(batch["labels"], dtype=logits.dtype)
        weights = torch.tensor(batch["weights"] or [1.0] * batch["rows"], dtype=logits.dtype)
        each = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        return (weights * each).sum() / weights.sum()

    def step(self, batch, training=True):
        """Logits, loss and gradients; these also stay in the tensors."""
        for tensor in self.p.values():
            tensor.grad = None
        logits = self.logits(batch, training)
        loss = self.loss(batch, logits)
        loss.backward()
        gradients = flat({name: tensor.grad for name, tensor in self.p.items()})
        return {"logits": logits.tolist(), "loss": loss.item(), "gradients": gradients}

    def check(self):
        assert self.kink > KINK, f"a ReLU's argument is {self.kink}"
        assert self.variance > VARIANCE, f"a variance is {self.variance}"


def build(config, dtype):
    p = {name: initial(config["seed"], name, shape).to(dtype).requires_grad_() for name, shape in shapes(config).items()}
    moving = {}
    if config["mlp_batch_norm"]:
        for layer, units in enumerate(config["mlp_hidden"]):
            for name in [f"mlp.{layer}.norm.mean", f"mlp.{layer}.norm.variance"]:
                moving[name] = initial(config["seed"], name, (units,)).to(dtype)
    return Model(config, p, moving)


def flat(tensors):
    return {name: tensor.detach().flatten().tolist() for name, tensor in tensors.items()}


def one_step(config, batch, dtype):
    """Logits, loss and gradients of a batch; with batch normalisation in training, then in inference with the first moving
    statistics, and what the training step makes of these."""
    model = build(config, dtype)
    result = model.step(batch)
    model.check()
    for name, tensor in model.p.items():
        assert tensor.grad.abs().max() > 1e-4, f"{name} has no gradient to speak of"
    if config["mlp_batch_norm"]:
        inference = build(config, dtype)
        result |= {"moving": flat(model.moving), "inference": inference.step(batch, training=False)}
        inference.check()
    return result


def train(config, name, dtype):
    """Ten steps on the two batches in turn: the loss before each, where the tensors end, and then the batches' logits."""
    model = build(config, dtype)
    make, settings = OPTIMISERS[name]
    optimiser = make(model.p.values(), **settings)
    losses, largest = [], {name: torch.zeros_like(tensor) for name, tensor in model.p.items()}
    for step in range(STEPS):
        losses.append(model.step(BATCHES[step % len(BATCHES)])["loss"])
        largest = {name: torch.maximum(largest[name], tensor.grad.abs()) for name, tensor in model.p.items()}
        optimiser.step()
    with torch.no_grad():
        logits = [model.logits(batch, training=False).tolist() for batch in BATCHES]
    model.check()
    for name, tensor in largest.items():
        assert ((tensor == 0) | (tensor > GRADIENT)).all(), f"{name} has a gradient of rounding errors"
    result = {"losses": losses, "parameters": flat(model.p), "logits": logits}
    if config["mlp_batch_norm"]:
        result["moving"] = flat(model.moving)
    return result


def rounded(value, digits):
    """Every number shortened to `digits` significant ones."""
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    return float(f"{value:.{digits}g}")


def both(run, digits):
    """`run(dtype)` in both precisions. Float64 numbers keep `digits`; 9 say a float32 exactly."""
    return {"float64": rounded(run(torch.float64), digits), "float32": rounded(run(torch.float32), 9)}


def golden(config, optimisers):
    first = build(config, torch.float64)
    tensors = {
        name: {"shape": list(tensor.shape), "values": rounded(tensor.flatten().tolist(), 9)}
        for name, tensor in [*first.p.items(), *first.moving.items()]
    }
    return {
        "generator": f"generate.py with torch {torch.__version__.split('+')[0]}",
        "config": config,
        "offsets": OFFSETS,
        "batches": BATCHES,
        "parameters": tensors,
        "results": [both(lambda dtype: one_step(config, batch, dtype), 13) for batch in BATCHES],
        # Trained tensors are held against float32 only: its 9 digits are enough.
        "training": {
            name: {"settings": OPTIMISERS[name][1]} | both(lambda dtype: train(config, name, dtype), 9)
            for name in optimisers
        },
    }


def pretty(value, indent=""):
    """JSON with an object's members on lines of their own and lists of numbers on one."""
    inner = indent + " "
    if isinstance(value, dict):
        members = [f"{inner}{json.dumps(key)}: {pretty(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        items = [inner + pretty(item, inner) for item in value]
        return "[\n" + ",\n".join(items) + f"\n{indent}]"
    return json.dumps(value, separators=(",", ":"))


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.backends.mkldnn.enabled = False
    for case, config, optimisers in CASES:
        text = pretty(golden(config, optimisers)) + "\n"
        (FOLDER / f"{case}.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
