"""Random wrong inputs: an exception each time, never a crash. AUTOINT_WRONG says how many (10,000 by default)."""

import os
import random

import numpy as np
import pandas as pd
import polars
import pytest

import autoint

COUNT = int(os.environ.get("AUTOINT_WRONG", "10000"))


class Raises:
    """An object that fails at whatever is done with it."""

    def __init__(self, error):
        object.__setattr__(self, "_error", error)

    def __getattribute__(self, name):
        if name in ("__class__", "__dict__"):
            return object.__getattribute__(self, name)
        raise object.__getattribute__(self, "_error")

    def __str__(self):
        raise object.__getattribute__(self, "_error")

    __iter__ = __len__ = __float__ = __index__ = __str__


class BadStream:
    def __init__(self, gives):
        self.gives = gives

    def __arrow_c_stream__(self, requested_schema=None):
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


def good(pick, rows):
    return pick.choice([
        lambda: [pick.choice("abc") for _ in range(rows)],
        lambda: np.array([pick.random() for _ in range(rows)]),
        lambda: np.array([pick.randrange(5) for _ in range(rows)]),
        lambda: [[pick.choice("xyz")] for _ in range(rows)],
    ])()


def wrong_column(pick, rows):
    return pick.choice([
        lambda: [],
        lambda: [1] * (rows + 1),
        lambda: np.zeros((rows, 2)),
        lambda: np.zeros(rows, dtype=complex),
        lambda: np.zeros(rows, dtype=[("a", int)]),
        lambda: [object()] * rows,
        lambda: [Raises(RuntimeError("mine"))] * rows,
        lambda: Raises(KeyError("mine")),
        lambda: [[[1]]] * rows,
        lambda: [{"a": 1}] * rows,
        lambda: [b"\xff\xfe"] * rows,
        lambda: ["\ud800"] * rows,
        lambda: 7,
        lambda: "text",
        lambda: {"a": [1]},
        lambda: None,
        lambda: [lambda: 1] * rows,
        lambda: iter([1] * (rows - 1)),
        lambda: pd.Series([1j] * rows),
        lambda: pd.Series([pd.Interval(0, 1)] * rows),
        lambda: polars.Series([{"a": 1}] * rows),
        lambda: BadStream(pick.choice([None, 3, "capsule", ValueError("mine"), object()])),
    ])()


def wrong_label(pick, rows):
    return pick.choice([
        lambda: [float("nan")] * rows,
        lambda: [None] * rows,
        lambda: ["maybe"] * rows,
        lambda: [2] * rows,
        lambda: [[0], [1]] * (rows // 2) + [[1]] * (rows % 2),
        lambda: ["x" * pick.choice([10, 100_000])] * rows,
        lambda: [float("inf")] * rows,
    ])()


def wrong_fit(pick):
    """The arguments of a fit that cannot be."""
    rows = pick.randrange(1, 30)
    data = {name: good(pick, rows) for name in "abc"[: pick.randrange(1, 4)]}
    data["y"] = [place % 2 for place in range(rows)]
    options = {"label": "y"}
    kind = pick.randrange(6)
    if kind == 0:
        data[pick.choice("abcy")] = wrong_column(pick, rows)
    elif kind == 1:
        data["y"] = wrong_label(pick, rows)
    elif kind == 2:
        data = pick.choice([{}, [], 3, None, pd.DataFrame(), polars.DataFrame(), object(), BadStream(5), {"y": []}, {3: [1]}, "", "none"])
    elif kind == 3:
        data = {name: list(values)[:0] for name, values in data.items()}
    elif kind == 4:
        options = pick.choice([
            {"label": "none"}, {"label": "y>>"}, {"label": "y", "user": "none"}, {"label": "y", "fields": ["none"]},
            {"label": "y", "fields": [{"name": "a"}]}, {"label": "y", "fields": [3]}, {"schema": {"name": "a"}}, {"schema": "none.toml"},
            {"schema": {"name": "a", "label": {"column": "none"}, "field": [{"name": "a", "kind": "categorical"}]}}, {"protocol": "x" * 10_000},
            {"schema": {"name": "a", "label": {"column": "y"}, "field": []}}, {"protocol": "course"}, {"label": "y", "valid": {"z": [1]}},
            {"label": "y", "test": 3}, {"label": "y", "protocol": "course"}, {"label": "\ud800"},
        ])
    else:
        options["settings"] = pick.choice([
            {"train.batch_size": 0}, {"train.epochs": -1}, {"model.embedding.dim": "x"}, {"none": 1}, {"optimizer.learning_rate": float("nan")},
            {"train.batch_size": 2**70}, {"model.interacting.heads": 3, "model.interacting.width": 64}, {"": ""}, {"train.seed": -1},
        ])
    return data, options


@pytest.mark.filterwarnings("ignore")
def test_wrong_fits(trained):
    raised = 0
    for number in range(COUNT):
        pick = random.Random(number)
        data, options = wrong_fit(pick)
        model = autoint.AutoInt(epochs=1, threads=1, verbose=False, settings=options.pop("settings", None))
        try:
            model.fit(data, report=False, catalogue=False, **options)
        except Exception as error:
            # What a defect of the engine becomes.
            assert "defect" not in str_of(error), (number, error)
            raised += 1
    # Some are no mistake after all: a text that is constant, a column of another length than one that is an iterator.
    assert raised > 0.9 * COUNT, raised


@pytest.mark.filterwarnings("ignore")
def test_wrong_rows(trained, ratings):
    for number in range(COUNT // 2):
        pick = random.Random(-number - 1)
        row = ratings.iloc[pick.randrange(100)].to_dict()
        column = pick.choice(list(trained.fields))
        kind = pick.randrange(4)
        if kind == 0:
            del row[column]
        elif kind == 1:
            row[column] = pick.choice([object(), Raises(OSError("mine")), {"a": 1}, [[1]], b"\xff", 1j, "\ud800", lambda: 1])
        elif kind == 2:
            row = {name: [value] for name, value in row.items()}
            row[column] = wrong_column(pick, 1)
        else:
            row = pick.choice([3, None, [], "row", object(), BadStream(3), {}])
        for call in (trained.predict_proba, trained.attention, trained.explain, trained.evaluate):
            try:
                call(row)
            except Exception as error:
                assert "defect" not in str_of(error), (number, error)
            else:
                # A one-value iterator, or a single value where all else are columns, is a row all the same.
                assert kind == 2, (number, row)


def str_of(error):
    try:
        return str(error)
    except Exception:
        return ""
