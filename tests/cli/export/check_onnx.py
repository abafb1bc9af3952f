"""An exported ONNX graph beside `autoint predict`: `check_onnx.py MODEL.onnx INPUTS.json PREDICTED.csv [MOST]`.

INPUTS.json holds a list for each input of the graph (and perhaps others), one entry a row: texts, numbers (null or "": missing) or lists
of codes.
Prints the largest difference of a probability, or of a logit beside its size (from 1 on); ends with 1 when it is above MOST, or the
graph is not sound.
"""

import csv
import json
import sys

import numpy as np
import onnx
import onnxruntime

TYPES = {
    "tensor(string)": object,
    "tensor(double)": np.float64,
    "tensor(float)": np.float32,
    "tensor(int64)": np.int64,
}


def array(values, kind, axes):
    """The values as the graph's input wants them: a missing number is NaN, lists are filled up with -1."""
    if axes == 2:
        width = max(map(len, values), default=0)
        values = [row + [-1] * (width - len(row)) for row in values]
        return np.array(values, np.int64).reshape(len(values), width)
    if kind in ("tensor(double)", "tensor(float)"):
        missing = (None, "", "NA")
        values = [np.nan if value in missing else float(value) for value in values]
    return np.array(values, TYPES[kind])


def main(model, inputs, predicted, most="1e-5"):
    onnx.checker.check_model(onnx.load(model), full_check=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    with open(inputs, encoding="utf-8") as file:
        inputs = json.load(file)
    with open(predicted, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    expected = {
        name: np.array([float(row[name]) for row in rows]) for name in ("logit", "probability")
    }
    wanted = {entry.name: entry for entry in session.get_inputs()}
    assert set(wanted) <= set(inputs), (sorted(wanted), sorted(inputs))
    worst = 0.0
    # All rows at once, one, and some.
    for size in (len(rows), 1, 7):
        feeds = {
            name: array(inputs[name][:size], entry.type, len(entry.shape))
            for name, entry in wanted.items()
        }
        outputs = dict(zip(("logit", "probability"), session.run(["logit", "probability"], feeds)))
        for name, values in outputs.items():
            assert values.shape == (size,), (name, values.shape)
        for name, scale in (("probability", 1.0), ("logit", np.maximum(1, abs(expected["logit"][:size])))):
            assert np.isfinite(outputs[name]).all() and np.isfinite(expected[name]).all(), name
            difference = np.max(abs(outputs[name] - expected[name][:size]) / scale)
            worst = max(worst, difference)
    spread = np.std(expected["probability"])
    print(f"{len(rows)} rows, largest difference {worst:.1e}, deviation of the probabilities {spread:.3f}")
    # A model that says the same of every row would agree with anything.
    return 0 if worst <= float(most) and spread > 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
