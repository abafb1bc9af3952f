"""The notebook runs from its first cell to its last."""

import os

import nbclient
import nbformat
from conftest import ROOT

NOTEBOOK = ROOT / "data" / "notebooks" / "course.ipynb"


def test_the_notebook_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if os.environ.get("AUTOINT_NOTEBOOK") != "real":
        # Three epochs of a million ratings are for a run of its own.
        monkeypatch.setenv("AUTOINT_ML1M", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert len(notebook.cells) < 20
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert (tmp_path / "runs" / "notebook" / "report.html").exists()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/svg+xml" in output.get("data", {}) for output in outputs)
