"""The README's PyTorch model with exported tensors beside `autoint predict`: `check_torch.py README.md MODEL.safetensors SPEC.json PREDICTED.csv`.

Without torch (hundreds of megabytes) it says so. Ends with 1 when a logit differs by more than 1e-5 of its size.
"""

import csv
import json
import os
import re
import shutil
import sys
import tempfile

import numpy as np

MOST = 1e-5


def main(readme, weights, spec, predicted):
    try:
        import torch
    except ImportError:
        print("skipped: there is no torch")
        return 0
    with open(readme, encoding="utf-8") as file:
        blocks = re.findall(r"^```python\n(.*?)^```", file.read(), re.M | re.S)
    (snippet,) = [block for block in blocks if "import json, torch" in block]
    with open(spec, encoding="utf-8") as file:
        codes = torch.tensor(json.load(file)["rows"]) + 1
    with open(predicted, encoding="utf-8", newline="") as file:
        expected = np.array([float(row["logit"]) for row in csv.DictReader(file)])
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(weights, os.path.join(folder, "model.safetensors"))
        os.chdir(folder)
        names = {}
        exec(snippet, names)
        os.chdir("/")
    with torch.no_grad():
        logits = names["model"](codes).numpy()
    worst = np.max(abs(logits - expected) / np.maximum(1, abs(expected)))
    print(f"torch {torch.__version__}: {len(expected)} rows, largest difference {worst:.1e}, deviation {np.std(expected):.3f}")
    return 0 if worst <= MOST and np.std(expected) > 1e-3 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
