"""What the README shows of the package works as it stands there."""

import re

from conftest import ROOT


def test_the_readmes_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## From Python")[1].split("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    assert len(blocks) == 2
    names = {}
    exec(compile(blocks[0], "README.md", "exec"), names)
    assert (tmp_path / "runs" / "mine" / "report.html").exists() and (tmp_path / "model.onnx").exists()
    assert names["model"].attention(names["test"][:5])[0].shape == (5, 2, 7, 7)
    from sklearn.datasets import make_classification

    names["X"], names["y"] = make_classification(200, random_state=0)
    exec(compile(blocks[1], "README.md", "exec"), names)
