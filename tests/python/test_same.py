"""The same bits as the command line, for every kind of data frame."""

import json
import os
from pathlib import Path

import numpy as np
import polars
import pyarrow
import pytest
from conftest import weights_of

import autoint


@pytest.mark.parametrize("preset", ["autoint", "course"])
def test_a_training_equals_the_command_lines(command, tmp_path, preset):
    command("train", "--data", "synthetic:5000", "--preset", preset, "--seed", 1, "--epochs", 2, "--out", tmp_path / "cli")
    frame = autoint.synthetic(rows=5000)
    model = autoint.AutoInt(preset=preset, seed=1, epochs=2, verbose=False, threads=1)
    model.fit(frame, protocol="course", out=tmp_path / "py")
    assert weights_of(tmp_path / "py") == weights_of(tmp_path / "cli")
    for name in ("schema.json", "config.toml", "catalogue.bin"):
        assert (tmp_path / "py" / name).read_bytes() == (tmp_path / "cli" / name).read_bytes(), name
    own, other = (json.loads((tmp_path / run / "evaluation.json").read_text()) for run in ("py", "cli"))
    assert own["metrics"] == other["metrics"]


def test_a_training_by_a_schema_equals_the_command_lines(command, tmp_path, ratings):
    ratings = ratings.astype({name: str for name in ratings.columns if str(ratings[name].dtype) == "category"})
    ratings.to_csv(tmp_path / "ratings.csv", index=False)
    schema = autoint.draft(ratings, label="rating>=4", name="ratings").replace("files = []", 'files = ["ratings.csv"]')
    (tmp_path / "ratings.toml").write_text(schema)
    command("train", "--schema", tmp_path / "ratings.toml", "--epochs", 2, "--out", tmp_path / "cli")
    model = autoint.AutoInt(epochs=2, verbose=False)
    model.fit(ratings, schema=tmp_path / "ratings.toml", out=tmp_path / "py")
    assert weights_of(tmp_path / "py") == weights_of(tmp_path / "cli")


def test_every_kind_of_frame_gives_the_same_bits(ratings, trained):
    frames = {
        "pandas": ratings,
        "polars": polars.from_pandas(ratings),
        "pyarrow": pyarrow.Table.from_pandas(ratings),
        "plain texts": ratings.astype({n: str for n in ratings.columns if str(ratings[n].dtype) == "category"}),
        "dict of lists": {name: ratings[name].tolist() for name in ratings.columns},
        "dict of columns": {name: ratings[name] for name in ratings.columns},
    }
    frames["polars in pieces"] = polars.concat([frames["polars"][:1000], frames["polars"][1000:]], rechunk=False)
    expected = trained.logits(ratings)
    assert expected.dtype == np.float32 and len(expected) == len(ratings)
    for kind, frame in frames.items():
        assert np.array_equal(trained.logits(frame), expected), kind
        model = autoint.AutoInt(epochs=1, seed=1, verbose=False, batch_size=1024)
        model.fit(frame, protocol="course", report=False, catalogue=False)
        first = weights_of(model.path) if kind == "pandas" else first
        assert weights_of(model.path) == first, kind


def test_rows_one_by_one_score_as_all_at_once(ratings, trained):
    expected = trained.predict_proba(ratings[:20])
    alone = [trained.predict_proba(ratings.iloc[row].to_dict())[0] for row in range(20)]
    assert np.array_equal(np.array(alone, dtype=np.float32), expected)


def test_predictions_equal_the_command_lines(command, tmp_path, ratings, trained):
    trained.save(tmp_path / "run")
    ratings[:500].to_csv(tmp_path / "rows.csv", index=False)
    lines = command("predict", tmp_path / "run", "--input", tmp_path / "rows.csv").splitlines()[1:]
    logits = np.array([line.split(",")[0] for line in lines], dtype=np.float32)
    assert np.array_equal(trained.logits(ratings[:500]), logits)


@pytest.mark.parametrize("precision", ["bf16", "amx-bf16"])
def test_a_precision_is_that_of_the_command_line(command, tmp_path, ratings, trained, precision):
    trained.save(tmp_path / "run")
    ratings[:500].to_csv(tmp_path / "rows.csv", index=False)
    lines = command("predict", tmp_path / "run", "--input", tmp_path / "rows.csv", "--precision", precision).splitlines()[1:]
    logits = np.array([line.split(",")[0] for line in lines], dtype=np.float32)
    assert np.array_equal(autoint.load(tmp_path / "run", precision=precision).logits(ratings[:500]), logits)
    assert not np.array_equal(trained.logits(ratings[:500]), logits)
    model = autoint.AutoInt(epochs=1, seed=1, verbose=False, precision=precision)
    model.fit(ratings[:500], protocol="course", report=False, catalogue=False)
    assert f'precision = "{precision}"' in model.info["settings"]


def test_a_precision_that_there_is_not_is_refused(tmp_path, trained):
    trained.save(tmp_path / "run")
    with pytest.raises(ValueError, match="expected one of f32, bf16, amx-bf16, got `half`"):
        autoint.load(tmp_path / "run", precision="half")


def test_runs_go_both_ways(command, tmp_path, ratings, trained):
    trained.save(tmp_path / "py")
    assert "protocol" in command("inspect", tmp_path / "py")
    told = json.loads(command("recommend", tmp_path / "py", "--user", ratings.user_id[0], "--json"))
    assert [item["item"] for item in told["items"]] == list(trained.recommend(user=ratings.user_id[0])["item"])
    command("train", "--data", "synthetic:5000", "--epochs", 1, "--out", tmp_path / "cli")
    model = autoint.load(tmp_path / "cli")
    assert len(model.history) == 1 and model.metrics["protocol"] == "course"


ML1M = os.environ.get("AUTOINT_ML1M")


@pytest.mark.skipif(not ML1M, reason="AUTOINT_ML1M does not say where MovieLens-1M is")
def test_movielens_equals_the_command_lines(command, tmp_path):
    command("train", "--data", ML1M, "--seed", 1, "--epochs", 1, "--out", tmp_path / "cli")
    frame = autoint.movielens(Path(ML1M))
    model = autoint.AutoInt(seed=1, epochs=1, verbose=False).fit(frame, protocol="course", report=False, out=tmp_path / "py")
    assert weights_of(model.path) == weights_of(tmp_path / "cli")
