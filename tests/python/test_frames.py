"""What a user of pandas expects of types, and what wrong input says."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import polars
import pytest

import autoint


def frame(rows=400):
    generator = np.random.default_rng(1)
    number = generator.normal(size=rows)
    return pd.DataFrame({
        "who": pd.Categorical(generator.choice(["a", "b", "c"], rows)),
        "member": generator.random(rows) < 0.5,
        "count": pd.array(np.where(generator.random(rows) < 0.1, None, generator.integers(0, 1000, rows)), dtype="Int64"),
        "number": np.where(generator.random(rows) < 0.1, np.nan, number),
        "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 10**7, rows), unit="s"),
        "tags": [list(generator.choice(["x", "y|z", "w"], generator.integers(0, 3), replace=False)) for _ in range(rows)],
        "code": [f"{n:03}" for n in generator.integers(0, 9, rows)],
        "clicked": (number + generator.normal(size=rows) > 0).astype(int),
    })


def fields_of(data, **options):
    model = autoint.AutoInt(epochs=1, verbose=False).fit(data, label="clicked", report=False, **options)
    return model, {field["name"]: field for field in model.info["protocol"]["field"]}


@pytest.mark.parametrize("made", [lambda d: d, polars.from_pandas, lambda d: {n: d[n] for n in d}], ids=["pandas", "polars", "dict"])
def test_types_decide_kinds(made):
    data = made(frame())
    model, fields = fields_of(data)
    kinds = {name: field["kind"] for name, field in fields.items()}
    assert kinds["who"] == kinds["member"] == kinds["code"] == "categorical"
    assert kinds["number"] == "numeric" and kinds["tags"] == "multi-valued"
    # Of a time its parts.
    assert any(field.get("part") and field["columns"] == ["when"] for field in fields.values())
    assert np.isfinite(model.predict_proba(data)).all()


def test_values_of_a_list_are_not_split_and_missing_ones_are_missing():
    model, _ = fields_of(frame())
    row = {"who": "a", "member": True, "count": 5, "number": 0.5, "when": dt.datetime(2024, 2, 1), "tags": ["y|z"], "code": "003"}
    codes = model._run.codes(row)
    assert codes["tags"].shape == (1, 1) and codes["tags"][0, 0] > 0
    missing = model._run.codes({**row, "tags": [], "who": None, "number": float("nan"), "count": pd.NA, "when": pd.NaT})
    assert missing["who"][0] == 0 and missing["tags"][0, 0] == 0 and np.isnan(missing["number"][0])


def test_fields_can_be_chosen_and_said():
    _, fields = fields_of(frame(), fields=["who", {"name": "n", "kind": "categorical", "column": "count", "hash_buckets": 10}])
    assert list(fields) == ["who", "n"] and fields["n"]["hash_buckets"] == 10


def test_numbers_too_large_for_floats_stay_apart():
    big = 2**60 + np.arange(4)
    for ids in (big, pd.Series(big), list(map(int, big)), polars.Series(big)):
        schema = {"name": "big", "label": {"column": "y"}, "field": [{"name": "id", "kind": "categorical"}], "split": {"rule": "files"}}
        data = {"id": ids, "y": [0, 1, 0, 1]}
        model = autoint.AutoInt(epochs=1, verbose=False).fit(data, schema=schema, valid=data, report=False)
        assert len(set(model._run.codes(data)["id"])) == 4


def test_rows_of_their_own_for_validation_and_test(ratings):
    train, valid, test = ratings[:3000], ratings[3000:4000], ratings[4000:]
    model = autoint.AutoInt(epochs=1, verbose=False).fit(train, protocol="course", valid=valid, test=test)
    assert model.metrics["rows"] == 1000
    again = model.evaluate(test, train=ratings[:4000])
    assert again["metrics"] == model.metrics["metrics"] and again["baselines"] == model.metrics["baselines"]
    # What has seen nothing is no baseline.
    assert set(model.evaluate(test)["baselines"]) == {"random"}


def test_plain_python_values():
    rows = [1, None, 2.5, float("nan"), decimal.Decimal("3"), np.int64(4), np.float32(5)]
    model, _ = fields_of(frame())
    data = {
        "who": [None, "a", "b", b"c", np.str_("a"), "zz", ""], "member": [True, False, None, True, np.bool_(True), True, True],
        "count": rows, "number": rows, "when": [dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)] + [None] * 5,
        "tags": [None, ["x"], ("x", "w"), [], {"w"}, np.array(["x"]), ["x"]], "code": ["001"] * 7,
    }
    assert np.isfinite(model.predict_proba(data)).all()


@pytest.mark.parametrize("data, says", [
    ({"a": [1, 2], "b": [1]}, "has 1 rows, expected 2"),
    ({"a": [[1, [2]]]}, "row 1"),
    ({"a": [object()]}, "type object"),
    ({"a": np.zeros((2, 2))}, "dimensions"),
    ({"a": np.zeros(2, dtype=complex)}, "complex"),
    ({1: [1]}, "columns have names"),
    ([1, 2], "expected a data frame"),
    (pd.DataFrame({"a": [1, 2]}), "label"),
    (pd.DataFrame({"a": [], "y": []}), "no row"),
    (polars.DataFrame({"a": [{"b": 1}], "y": [1]}), "type"),
])
def test_wrong_data_are_told(data, says):
    with pytest.raises((ValueError, TypeError), match=says):
        autoint.AutoInt(verbose=False).fit(data)


def test_wrong_settings_and_files_are_told(tmp_path, ratings, trained):
    with pytest.raises(ValueError, match="embedding.dim"):
        autoint.AutoInt(embedding_dim=0, verbose=False).fit(ratings, protocol="course")
    with pytest.raises(ValueError, match="protocol"):
        autoint.AutoInt(verbose=False).fit(ratings, protocol="nonsense")
    with pytest.raises(ValueError, match="the data|column"):
        trained.predict_proba(ratings.drop(columns="user_id"))
    with pytest.raises(OSError, match="no such run directory"):
        autoint.load(tmp_path / "none")
    with pytest.raises(OSError, match="no such"):
        autoint.AutoInt().fit(str(tmp_path / "none.csv"))
    with pytest.raises(ValueError, match="not trained"):
        autoint.AutoInt().predict_proba(ratings)
    with pytest.raises(ValueError, match="either user or profile"):
        trained.recommend()
