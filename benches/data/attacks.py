#!/usr/bin/env python3
"""Bad inputs, one file (or folder) each: a reader must say in one line what is wrong and where, or read them right; never panic,
hang, fill the memory, or train on something else than what the file says.

    python3 benches/data/attacks.py OUT_DIR [--rows 2000] [--late 30000] [--columns 1000000] [--only NAME ...]

Unless a file's point is another, it is a CSV file with the columns user,item,price,label and `--rows` learnable rows. `--late` is the row
in which a column of numbers turns to text. `--list` prints every name with what is wrong with it.
Python 3, standard library; the zstd file needs the `zstd` program or the module zstandard, the Parquet folder pyarrow: without
them they are left out, with a word.
"""

import argparse
import gzip
import math
import random
import shutil
import subprocess
from pathlib import Path

HEADER = "user,item,price,label"
ATTACKS = {}


def attack(name):
    """Registers what gives a file's content: bytes, parts of them, or text (UTF-8); its docstring says what is wrong."""

    def register(function):
        ATTACKS[name] = function
        return function

    return register


def rows(count, label=lambda clicked: str(int(clicked))):
    """Rows `user,item,price,label` whose label depends on the user and the price."""
    draw = random.Random(7)
    worth = [draw.gauss(0, 1) for _ in range(50)]
    for _ in range(count):
        user, item, price = draw.randrange(50), draw.randrange(40), round(math.exp(draw.gauss(2, 0.5)), 2)
        clicked = draw.random() < 1 / (1 + math.exp(-worth[user] + 0.2 * (price - 7)))
        yield f"u{user},i{item},{price},{label(clicked)}"


def table(lines, header=HEADER, end="\n"):
    return end.join([header, *lines]) + end


def changed(args, at, change):
    """The usual file with one row changed."""
    lines = list(rows(args.rows))
    lines[at] = change(lines[at])
    return table(lines)


def with_prices(args, prices):
    """The usual file; every tenth row has one of `prices`."""
    lines = list(rows(args.rows))
    for number, at in enumerate(range(5, len(lines), 10)):
        user, item, _, label = lines[at].split(",")
        lines[at] = f"{user},{item},{prices[number % len(prices)]},{label}"
    return table(lines)


def simple(name, what, make):
    make.__doc__ = what
    ATTACKS[name] = make


simple("ragged-short.csv", "a row has too few cells", lambda a: changed(a, a.rows // 2, lambda line: line.rsplit(",", 1)[0]))
simple("ragged-long.csv", "a row has too many cells", lambda a: changed(a, a.rows // 2, lambda line: line + ",7"))
simple("quote-open.csv", "a quote is never closed", lambda a: changed(a, a.rows // 2, lambda line: '"' + line))
simple("empty.csv", "no byte", lambda a: "")
simple("header-only.csv", "a header and no row", lambda a: HEADER + "\n")
simple("blank-lines.csv", "blank lines only", lambda a: "\n" * 50)
simple("one-class.csv", "every label is 1", lambda a: table(rows(a.rows, lambda _: "1")))
simple("no-label.csv", "every label is missing", lambda a: table(rows(a.rows, lambda _: "")))
simple("one-value.csv", "a field has one value in all rows", lambda a: table((line + ",same" for line in rows(a.rows)), HEADER + ",constant"))
simple("not-finite.csv", "NaN and inf in numbers", lambda a: with_prices(a, ["NaN", "inf", "-inf", "nan", "Infinity", "-NaN"]))
simple("odd-numbers.csv", "numbers of many spellings", lambda a: with_prices(a, ["1e999", "-0", "0x10", '"1,5"', "1_000", "+5", ".5", "5.", "1e-999", "٣"]))
simple("mixed-ends.csv", "three kinds of line ends", lambda a: HEADER + "\r\n" + "".join(line + ["\n", "\r\n", "\r"][at % 3] for at, line in enumerate(rows(a.rows))))
simple("same-names.csv", "two columns of one name", lambda a: table((line + ",7" for line in rows(a.rows)), HEADER + ",price"))
simple("empty-names.csv", "columns without a name", lambda a: table((line + ",7,8" for line in rows(a.rows)), HEADER + ",,"))
simple("semicolons.csv", "another delimiter than the name says", lambda a: table(rows(a.rows)).replace(",", ";"))
simple("no-delimiter.csv", "one column", lambda a: table((line.split(",")[0] for line in rows(a.rows)), "user"))
simple("milliseconds.csv", "times in milliseconds", lambda a: table((f"{line},{1_700_000_000_000 + 61_234 * at}" for at, line in enumerate(rows(a.rows))), HEADER + ",timestamp"))
simple("unique-id.csv", "a column has another value in every row", lambda a: table((f"{line},id{at:08}" for at, line in enumerate(rows(a.rows))), HEADER + ",row_id"))
simple("copies.csv", "50 rows, each 50 times: training and test rows are the same", lambda a: table(list(rows(50)) * 50))
simple("cut-number.csv", "no line end, and the last number is cut", lambda a: table((",".join(line.split(",")[::-1]) for line in rows(a.rows)), "label,price,item,amount").replace(",u", ",1000")[:-3])
simple("label-dots.csv", "labels 1, 1. and 1.0 beside 0, 0. and 0.0", lambda a: table(f"{line}{['', '.', '.0'][at % 3]}" for at, line in enumerate(rows(a.rows))))
simple("label-cases.csv", "labels Yes, yes and YES beside no and No", lambda a: table(line.replace("#1", ["Yes", "yes", "YES"][at % 3]).replace("#0", ["no", "No", "no"][at % 3]) for at, line in enumerate(rows(a.rows, lambda c: f"#{int(c)}"))))
simple("label-three.csv", "labels of three kinds", lambda a: changed(a, a.rows // 2, lambda line: line[:-1] + "2"))
simple("blanks.csv", "blanks behind the delimiters", lambda a: table(rows(a.rows)).replace(",", ", "))
simple("bom.csv", "a byte order mark before UTF-8", lambda a: "\ufeff" + table(rows(a.rows)))
simple("utf16.csv", "UTF-16, with its mark", lambda a: table(rows(a.rows)).encode("utf-16"))
simple("utf16-no-mark.csv", "UTF-16LE, without a mark", lambda a: table(rows(a.rows)).encode("utf-16-le"))
simple("not-utf8.csv", "a byte in the middle that is not UTF-8", lambda a: changed(a, a.rows // 2, lambda line: "@" + line).encode().replace(b"@", b"\xff\xfe"))
simple("nul.csv", "a NUL byte in a value", lambda a: changed(a, a.rows // 2, lambda line: "u\0" + line[1:]))
simple("nul-only.csv", "a mebibyte of NUL bytes", lambda a: bytes(1 << 20))
simple("long-value.csv", "a value of 20 MiB", lambda a: changed(a, a.rows // 2, lambda line: "u" * (20 << 20) + line))
simple("line-without-end.csv", "20 MiB without a line end or a delimiter", lambda a: b"x" * (20 << 20))
simple("deep.jsonl", "JSON nested 100,000 deep", lambda a: '{"user":"a","label":1}\n{"user":' + "[" * 100_000 + "]" * 100_000 + ',"label":0}\n')
simple("deep-objects.jsonl", "JSON objects nested 100,000 deep, never closed", lambda a: '{"user":' * 100_000 + "\n")
simple("array.jsonl", "a line that is an array", lambda a: json_rows(a) + '["u1", 1]\n')
simple("broken.jsonl", "the last line is cut", lambda a: json_rows(a) + '{"user": "u1", "lab')
simple("same-keys.jsonl", "a key twice in an object", lambda a: json_rows(a) + '{"user": "u1", "label": 1, "user": "u2"}\n')
simple("mixed-types.jsonl", "a key's values are text, number, true, array and object by turns", lambda a: json_rows(a) + "".join('{"user": %s, "label": %d}\n' % (value, at % 2) for at, value in enumerate(['"u1"', "1", "true", "[1]", '{"a": 1}'] * 9)))


def json_rows(args):
    cells = (line.split(",") for line in rows(args.rows))
    return "".join('{"user": "%s", "item": "%s", "price": %s, "label": %s}\n' % tuple(row) for row in cells)


@attack("quote-late.csv")
def quote_late(args):
    """a quote is closed a thousand rows later"""
    lines = list(rows(max(args.rows, 1200)))
    lines[100], lines[1100] = '"' + lines[100], lines[1100] + '"'
    return table(lines)


@attack("late-text.csv")
def late_text(args):
    """a column of numbers turns to text far down"""
    lines = list(rows(args.late + 2000))
    for at in range(args.late, len(lines)):
        user, item, _, label = lines[at].split(",")
        lines[at] = f"{user},{item},cheap,{label}"
    return table(lines)


@attack("million-columns.csv")
def million_columns(args):
    """a million columns"""
    yield ",".join(["label", *(f"c{at}" for at in range(args.columns))]).encode() + b"\n"
    for label in (0, 1, 0):
        yield b"%d" % label + b",7" * args.columns + b"\n"


@attack("cut.csv.gz")
def cut_gzip(args):
    """gzip cut short"""
    return gzip.compress(table(rows(args.rows)).encode(), mtime=0)[:-2000]


@attack("garbage-behind.csv.gz")
def garbage_gzip(args):
    """gzip with garbage behind its end"""
    return gzip.compress(table(rows(args.rows)).encode(), mtime=0) + b"garbage" * 10


@attack("bomb.csv.gz")
def bomb(args):
    """300 KB of gzip that are one line of 300 MB"""
    return gzip.compress(HEADER.encode() + b"\n" + b"u" * 300_000_000, mtime=0)


@attack("cut.csv.zst")
def cut_zstd(args):
    """zstd cut short"""
    text = table(rows(args.rows)).encode()
    if shutil.which("zstd"):
        return subprocess.run(["zstd", "-c"], input=text, stdout=subprocess.PIPE, check=True).stdout[:-2000]
    import zstandard

    return zstandard.compress(text)[:-2000]


@attack("parts")
def parts(args):
    """a folder of Parquet parts: one has another type for a column, one lacks a column"""
    import pyarrow
    from pyarrow import parquet

    folder = args.out / "parts"
    folder.mkdir(exist_ok=True)
    users, prices = [f"u{at % 9}" for at in range(300)], [float(at % 13) for at in range(300)]
    label = [int(at % 9 > 4) for at in range(300)]
    for name, columns in [
        ("part-0", {"user": users, "price": prices, "label": label}),
        ("part-1", {"user": users, "price": [str(price) for price in prices], "label": label}),
        ("part-2", {"user": users, "label": label}),
    ]:
        parquet.write_table(pyarrow.table(columns), folder / f"{name}.parquet")


def write(path, content):
    if content is None:
        return
    chunks = [content] if isinstance(content, (str, bytes)) else content
    with open(path, "wb") as file:
        for chunk in chunks:
            file.write(chunk.encode() if isinstance(chunk, str) else chunk)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--late", type=int, default=30_000)
    parser.add_argument("--columns", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="+", choices=list(ATTACKS), metavar="NAME")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        print("\n".join(f"{name:22} {make.__doc__}" for name, make in ATTACKS.items()))
        return
    if args.out is None:
        parser.error("OUT_DIR is missing")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only or ATTACKS:
        try:
            write(args.out / name, ATTACKS[name](args))
        except ImportError as missing:
            print(f"{name} is left out: {missing}")


if __name__ == "__main__":
    main()
