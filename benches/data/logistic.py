#!/usr/bin/env python3
"""An honest linear baseline on a file in Criteo's layout: scikit-learn's logistic regression on the same fields.

    python3 benches/data/logistic.py FILE --layout criteo [--split FILE] [--seed N] [--json]

Categories are one-hot (values with at least `--min-count` training rows, otherwise one column for rare, one for missing);
integers are `log(1 + x)`, standardised on the training rows, with a column each for missing and for negative values.
Tried are every strength of the L2 penalty of `--grid`, with and without the integers once more as one-hot bins (the whole
part of `log(1 + x)^2`, as the challenge's winners had it); the one with the best logloss (`--select auc`: AUC) on the validation rows
is kept. With `--refit` it is then fitted again on training and validation rows together. Nothing else sees validation
or test rows.

`--split FILE` names for every data row, one a line, `train`, `valid` or `test`: for measuring on exactly the rows another
program used. Without it rows are divided by a permutation from `--seed` (`--parts 8:1:1`).

Prints AUC and logloss on the test rows. Needs scikit-learn (pip install scikit-learn).
"""

import argparse
import json
import math
from collections import Counter

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

INTEGERS, CATEGORIES = 13, 26
PARTS = ("train", "valid", "test")


def read(path):
    """Labels and cells of a file in Criteo's layout."""
    labels, rows = [], []
    with open(path, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            cells = line.rstrip("\n").split("\t")
            if len(cells) != 1 + INTEGERS + CATEGORIES:
                raise SystemExit(f"{path}:{number}: {len(cells)} columns, expected 40")
            labels.append(int(cells[0]))
            rows.append(cells[1:])
    return np.array(labels), rows


def read_split(path, count):
    with open(path, encoding="ascii") as file:
        words = file.read().split()
    if len(words) != count or not set(words) <= set(PARTS):
        raise SystemExit(f"{path}: expected one of {', '.join(PARTS)} for each of {count} rows, got {len(words)} words")
    return np.array(words)


def random_split(count, parts, seed):
    train, valid, test = (int(part) for part in parts.split(":"))
    held = count * test // (train + valid + test)
    chosen = count * valid // (train + valid + test)
    words = np.full(count, "train")
    order = np.random.RandomState(seed).permutation(count)
    words[order[:held]] = "test"
    words[order[held : held + chosen]] = "valid"
    return words


def one_hot(values, train, min_count):
    """A 0/1 matrix: one column a value with enough training rows, one for rare values, one for missing ones."""
    counts = Counter(value for value, is_train in zip(values, train) if is_train and value != "")
    kept = sorted(value for value, count in counts.items() if count >= min_count)
    code = {value: at for at, value in enumerate(kept)}
    code[""] = len(kept)
    columns = [code.get(value, len(kept) + 1) for value in values]
    shape = (len(values), len(kept) + 2)
    return sparse.csr_matrix((np.ones(len(values)), (np.arange(len(values)), columns)), shape)


def numeric(values, train):
    """`log(1 + x)`, standardised; and whether it is missing or negative."""
    numbers = np.array([float(value) if value else math.nan for value in values])
    missing = np.isnan(numbers)
    logs = np.log1p(np.maximum(np.where(missing, 0, numbers), 0))
    seen = logs[train & ~missing]
    mean, deviation = (seen.mean(), seen.std() or 1.0) if len(seen) else (0.0, 1.0)
    scaled = np.where(missing, 0, (logs - mean) / deviation)
    return sparse.csr_matrix(np.column_stack([scaled, missing, ~missing & (numbers < 0)]))


def bins(value):
    """The whole part of log(1 + x)^2: fine where values are many."""
    if value == "":
        return ""
    number = int(value)
    return str(int(math.log1p(number) ** 2)) if number >= 0 else "negative"


def features(rows, train, min_count, with_bins):
    blocks = []
    for at, values in enumerate(zip(*rows)):
        if at < INTEGERS:
            blocks.append(numeric(values, train))
            if with_bins:
                blocks.append(one_hot([bins(value) for value in values], train, min_count))
        else:
            blocks.append(one_hot(values, train, min_count))
    return sparse.hstack(blocks, format="csr")


def fit(x, y, strength):
    return LogisticRegression(C=strength, max_iter=2000).fit(x, y)


def scores(model, x, y):
    probability = model.predict_proba(x)[:, 1]
    return {"auc": roc_auc_score(y, probability), "logloss": log_loss(y, probability)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--layout", choices=["criteo"], required=True)
    parser.add_argument("--split", help="one word a data row: train, valid or test")
    parser.add_argument("--parts", default="8:1:1", help="train:valid:test, when there is no --split")
    parser.add_argument("--seed", type=int, default=1, help="of the split, when there is no --split")
    parser.add_argument("--min-count", type=int, default=10)
    parser.add_argument("--select", choices=["auc", "logloss"], default="logloss")
    parser.add_argument("--refit", action="store_true", help="fit again on training and validation rows")
    parser.add_argument("--grid", type=float, nargs="+", default=[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()

    y, rows = read(args.file)
    part = read_split(args.split, len(y)) if args.split else random_split(len(y), args.parts, args.seed)
    train, valid, test = (part == name for name in PARTS)
    for name, mask in zip(PARTS, (train, valid, test)):
        if len(set(y[mask])) < 2:
            raise SystemExit(f"the {name} rows have labels of one class only")
    tried = []
    for with_bins in (False, True):
        x = features(rows, train, args.min_count, with_bins)
        for strength in args.grid:
            model = fit(x[train], y[train], strength)
            tried.append((scores(model, x[valid], y[valid]), strength, with_bins, x, model))
    sign = 1 if args.select == "auc" else -1
    valid_scores, strength, with_bins, x, model = max(tried, key=lambda one: sign * one[0][args.select])
    if args.refit:
        model = fit(x[train | valid], y[train | valid], strength)
    result = {
        "rows": {name: int((part == name).sum()) for name in PARTS},
        "columns": x.shape[1],
        "C": strength,
        "bins": with_bins,
        "valid": valid_scores,
        "test": scores(model, x[test], y[test]),
    }
    if args.json:
        print(json.dumps(result))
        return
    counts = " / ".join(str(count) for count in result["rows"].values())
    print(f"rows {counts}, {result['columns']} columns, C {strength}, bins {with_bins}")
    for name in ("valid", "test"):
        print(f"{name:5} AUC {result[name]['auc']:.4f}  logloss {result[name]['logloss']:.4f}")


if __name__ == "__main__":
    main()
