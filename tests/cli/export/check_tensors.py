"""Exported tensors as NumPy and safetensors read them: `check_tensors.py FOLDER MODEL.safetensors ROWS.csv ROWS.parquet`.

All four come from one run; ends with an error where two of them differ in a bit.
"""

import csv
import json
import pathlib
import sys
import urllib.parse

import numpy as np
from pyarrow import parquet
from safetensors import safe_open


def main(folder, weights, rows_csv, rows_parquet):
    with safe_open(weights, "np") as file:
        about = json.loads(file.metadata()["autoint"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    files = {
        urllib.parse.unquote(path.name.removesuffix(".npy")): np.load(path)
        for path in pathlib.Path(folder).glob("*.npy")
    }
    dims = files.pop("field_dims")
    assert dims.dtype == np.int64 and dims.tolist() == [field["rows"] for field in about["fields"]]
    assert files.keys() == tensors.keys(), files.keys() ^ tensors.keys()
    for name, tensor in tensors.items():
        assert tensor.dtype == np.float32 and np.array_equal(tensor, files[name]), name

    names = [field["name"] for field in about["fields"]]
    table = np.concatenate([tensors[f"embedding.{name}"] for name in names])
    linear = np.concatenate([tensors[f"linear.{name}"] for name in names])
    with open(rows_csv, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = parquet.read_table(rows_parquet).to_pydict()
    for k in range(table.shape[1]):
        told = np.array([row[f"embedding.{k}"] for row in rows], np.float32)
        assert np.array_equal(told, table[:, k])
        assert np.array_equal(np.array(columns[f"embedding.{k}"], np.float32), table[:, k])
    assert np.array_equal(np.array(columns["linear"], np.float32), linear[:, 0])
    for name in ("field", "value"):
        assert [row[name] for row in rows] == columns[name]
    assert [int(row["code"]) for row in rows] == columns["code"]
    expected = [name for name, count in zip(names, dims) for _ in range(count)]
    assert columns["field"] == expected
    print(f"{len(tensors)} tensors, {len(rows)} rows")


if __name__ == "__main__":
    main(*sys.argv[1:])
