"""What a model is told, as the command line's `--set` takes it."""

from __future__ import annotations

import json
import math

__all__ = ["NAMES", "sets"]

# The arguments with a name of their own, and the settings they stand for.
NAMES = {
    "model": "model.kind",
    "epochs": "train.epochs",
    "batch_size": "train.batch_size",
    "learning_rate": "optimizer.learning_rate",
    "embedding_dim": "model.embedding.dim",
    "heads": "model.interacting.heads",
    "layers": "model.interacting.layers",
    "dropout": "model.mlp.dropout",
    "negatives": "train.negatives",
    "seed": "train.seed",
    "precision": "train.precision",
}


def _text(value):
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # TOML writes what is no number in small letters.
        return repr(value) if math.isfinite(value) else repr(value).lower()
    if isinstance(value, str):
        return value
    return json.dumps(value)


def sets(arguments, settings):
    """The lines `KEY=VALUE`: `settings` first, so that arguments with a name of their own win."""
    lines = [f"{key}={_text(value)}" for key, value in (settings or {}).items()]
    named = ((NAMES[name], arguments[name]) for name in NAMES)
    return lines + [f"{key}={_text(value)}" for key, value in named if value is not None]
