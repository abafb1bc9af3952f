"""What a trained model does: it keeps, explains, recommends, exports; and what ends a training."""

import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import autoint


def test_saving_loading_and_pickling(tmp_path, ratings, trained):
    expected = trained.logits(ratings)
    trained.save(tmp_path / "a" / "run")
    assert np.array_equal(autoint.load(tmp_path / "a" / "run").logits(ratings), expected)
    with pytest.raises(FileExistsError, match="force=True"):
        trained.save(tmp_path / "a" / "run")
    trained.save(tmp_path / "a" / "run", force=True)
    assert os.listdir(tmp_path / "a") == ["run"]
    (tmp_path / "mine").mkdir()
    with pytest.raises(FileExistsError, match="is no run"):
        trained.save(tmp_path / "mine", force=True)
    held = pickle.dumps(trained)
    assert np.array_equal(pickle.loads(held).logits(ratings), expected)
    # Opened with all the checks of a run.
    weights = (trained.path / "model.safetensors").read_bytes()
    place = held.index(weights) + len(weights) // 2
    damaged = held[:place] + bytes([held[place] ^ 1]) + held[place + 1:]
    with pytest.raises(OSError, match="model.safetensors"):
        pickle.loads(damaged)


def test_a_temporary_run_goes_with_its_model(ratings):
    model = autoint.AutoInt(epochs=1, verbose=False).fit(ratings, protocol="course", report=False, catalogue=False)
    path = model.path
    assert path.exists()
    del model
    assert not path.exists() and not path.parent.exists()


def test_attention_is_the_engines_own_memory(ratings, trained):
    fields = len(trained.fields)
    layers = trained.attention(ratings[:7])
    assert [layer.shape for layer in layers] == [(7, 2, fields, fields)] * len(layers)
    for layer in layers:
        assert layer.dtype == np.float32 and not layer.flags.owndata
        np.testing.assert_allclose(layer.sum(axis=-1), 1, atol=1e-5)
    explanation = trained.explain(ratings.iloc[3])
    assert np.array_equal(explanation.attention, np.stack([layer[3] for layer in layers]))


def test_explanations(ratings, trained):
    row = ratings.iloc[0]
    explanation = trained.explain(row)
    assert explanation.probability == pytest.approx(float(trained.predict_proba(ratings[:1])[0]))
    assert set(explanation.contributions) == set(trained.fields)
    assert explanation.heatmap()._repr_svg_().startswith("<svg") and "movie_id" in explanation._repr_svg_()
    pair = trained.explain(user=row.user_id, item=row.movie_id)
    assert 0 < pair.probability < 1
    with pytest.raises(ValueError, match="user and item"):
        trained.explain()


def test_recommending(ratings, trained):
    user = ratings.user_id[0]
    best = trained.recommend(user=user, top=5)
    assert list(best["rank"]) == [1, 2, 3, 4, 5] and best["score"].is_monotonic_decreasing
    seen = set(ratings.movie_id[ratings.user_id == user])
    assert not seen & set(best["item"])
    assert len(trained.recommend(profile={"gender": "F"}, top=3)) == 3
    assert len(trained.similar(best["item"][0], top=4)) == 4
    with pytest.raises(ValueError, match="nobody"):
        trained.recommend(user="nobody")


def test_what_is_known_of_a_run(trained):
    assert list(trained.history["epoch"]) == [1, 2]
    assert 0.5 < trained.metrics["metrics"]["auc"] < 1 and "random" in trained.metrics["baselines"]
    assert trained.info["protocol"]["name"] == "course"
    assert "<iframe" in trained._repr_html_() and "sandbox" in trained._repr_html_()
    assert "autoint" in repr(trained)


def test_exports_give_the_same_logits(tmp_path, ratings, trained):
    onnxruntime = pytest.importorskip("onnxruntime")
    trained.to_onnx(tmp_path / "model.onnx", inputs="codes")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    logits = session.run(["logit"], trained._run.codes(ratings[:100]))[0]
    np.testing.assert_allclose(logits, trained.logits(ratings[:100]), atol=1e-5)
    trained.to_safetensors(tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").stat().st_size > 1000


@pytest.mark.parametrize("model", ["autoint", "autoint+", "deepfm", "dcn-v2", "xdeepfm"])
def test_a_torch_module_gives_the_same_logits_and_gradients(ratings, model):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    fitted = autoint.AutoInt(model=model, epochs=1, verbose=False).fit(ratings, protocol="course", report=False)
    module = fitted.to_torch()
    logits = module(module.encode(ratings[:200]))
    np.testing.assert_allclose(logits.detach().numpy(), fitted.logits(ratings[:200]), atol=1e-5)
    logits.sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in module.parameters())


def test_callbacks_are_told_and_may_end_it(ratings):
    told = []
    model = autoint.AutoInt(epochs=5, verbose=False)
    model.fit(ratings, protocol="course", callbacks=[lambda record: told.append(record) or len(told) == 2])
    assert [record["epoch"] for record in told] == [1, 2] and len(model.history) == 2
    assert len(model.logits(ratings[:3])) == 3

    class Mine(Exception):
        pass

    def raises(record):
        raise Mine("enough")

    with pytest.raises(Mine, match="enough"):
        model.fit(ratings, protocol="course", callbacks=[raises])
    assert len(model.history) == 1


def test_verbose_tells_of_epochs(capsys, ratings):
    autoint.AutoInt(epochs=1, verbose=True).fit(ratings, protocol="course", report=False)
    assert "epoch  1   train loss" in capsys.readouterr().out


def test_other_threads_run_while_it_trains(ratings):
    turns, done = 0, threading.Event()

    def train():
        autoint.AutoInt(epochs=20, verbose=False, settings={"train.patience": 20}).fit(ratings, protocol="course")
        done.set()

    thread = threading.Thread(target=train)
    thread.start()
    while not done.is_set():
        turns += 1
        time.sleep(0.001)
    thread.join()
    assert turns > 20


def test_ctrl_c_leaves_the_best_epoch_so_far(tmp_path):
    script = textwrap.dedent("""
        import autoint, sys
        model = autoint.AutoInt(epochs=10**5, settings={"train.patience": 10**5}, verbose=False)
        try:
            model.fit(autoint.synthetic(rows=5000), protocol="course", callbacks=[lambda record: print("epoch", flush=True)])
        except KeyboardInterrupt:
            print("interrupted", len(model.history), len(model.logits({"user_id": ["1"], **{f: ["x"] for f in model.fields if f != "user_id"}})))
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "epoch\n"
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[0].splitlines()
    assert process.returncode == 0 and rest[-1].startswith("interrupted") and int(rest[-1].split()[1]) >= 1


def test_a_forked_process_is_told_instead_of_waiting_forever(trained, ratings):
    trained.logits(ratings[:1])
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            trained.logits(ratings[:1])
            os.write(write, b"no error")
        except RuntimeError as error:
            os.write(write, str(error).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert b"spawn" in os.read(read, 1000)
    os.close(read), os.close(write)
