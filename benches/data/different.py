#!/usr/bin/env python3
"""Five click logs made to differ, each with something to learn: for trying readers on.

    python3 benches/data/different.py OUT_DIR [--rows 3000] [--seed 1]

    shop.csv           semicolons, ISO-8859-1, umlauts and ñ in values and names, names with blanks; `gekauft` is ja/nein
    events.jsonl       JSON lines: keys that are missing here and there, a nested object, an array; `clicked` is true/false
    ads.tsv.gz         gzip, tabs, no header; the label, 0/1, is the first column
    plays.parquet      a timestamp, whole and broken numbers, strings, nulls, a list of strings; `label` is 0/1
    clicks.libffm      `label field:feature:value ...`; the label is 1/-1

The label of every log is drawn from what its user and its item are worth each, how the kinds of the two fit, and one more field. The files of
a seed and a number of rows are always the same (the Parquet file's bytes depend on pyarrow's version, its values do not).
Python 3, standard library; the Parquet file needs pyarrow and is left out, with a word, without it.
"""

import argparse
import gzip
import json
import math
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path


class World:
    """Users and items whose worth is fixed by the seed."""

    def __init__(self, seed, users, items, kinds=3):
        self.random = random.Random(seed)
        gauss = self.random.gauss
        self.users = [(gauss(0, 0.8), self.random.randrange(kinds)) for _ in range(users)]
        self.items = [(gauss(0, 0.8), self.random.randrange(kinds)) for _ in range(items)]
        self.fit = [[1.2 if user == item else -0.6 for item in range(kinds)] for user in range(kinds)]

    def pair(self):
        """A user and an item, the first ones more often."""
        skewed = lambda count: int(count * self.random.random() ** 2)
        return skewed(len(self.users)), skewed(len(self.items))

    def label(self, user, item, more, offset=-0.6):
        (worth, kind), (value, other) = self.users[user], self.items[item]
        logit = offset + worth + value + self.fit[kind][other] + more
        return self.random.random() < 1 / (1 + math.exp(-logit))


CITIES = ["Köln", "München", "Zürich", "A Coruña", "Düsseldorf", "Logroño", "Görlitz", "Ulm"]
THINGS = ["Schlüssel", "Bürste", "Piñata", "Fön", "Gefäß", "Tasche", "Señal", "Möhre", "Äpfel; rot", 'Brett "groß"']


def shop(out, rows, seed):
    world = World(seed, 90, 60)
    pick = world.random
    city = [pick.choice(CITIES) for _ in world.users]
    name = [f"{THINGS[at % len(THINGS)]} {at}" for at in range(len(world.items))]
    price = [round(math.exp(pick.gauss(3, 0.8)), 2) for _ in world.items]
    quoted = lambda text: '"' + text.replace('"', '""') + '"' if any(c in text for c in ';"') else text
    with open(out / "shop.csv", "w", encoding="iso-8859-1", newline="") as file:
        file.write("Kunden Nr;Ort;Artikel Größe;Artikel;Preis;Tag;gekauft\r\n")
        for _ in range(rows):
            user, item = world.pair()
            size = pick.choice(["S", "M", "L", "XL", ""])
            day = pick.choice(["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"])
            bought = world.label(user, item, 0.7 if day in ("Sa", "So") else 0.0)
            cells = [f"K{user + 1000}", city[user], size, quoted(name[item]), f"{price[item]:.2f}", day]
            file.write(";".join(cells + ["ja" if bought else "nein"]) + "\r\n")


def events(out, rows, seed):
    world = World(seed + 1, 120, 70)
    pick = world.random
    tags = [pick.sample(["new", "sale", "eco", "kids", "vintage", "café"], pick.randrange(4)) for _ in world.items]
    with open(out / "events.jsonl", "w", encoding="utf-8") as file:
        for number in range(rows):
            user, item = world.pair()
            system, width = pick.choice([("ios", 390), ("android", 412), ("web", 1440)])
            event = {
                "ts": 1_700_000_000 + 60 * number + pick.randrange(60),
                "user": f"user-{user}",
                "item": item,
                "tags": tags[item],
                "device": {"os": system, "screen": {"width": width}, "beta": pick.random() < 0.2},
                "price": round(5 + 0.9 * item + pick.random(), 2),
                "note": None,
                "clicked": world.label(user, item, {"ios": 0.5, "android": 0.0, "web": -0.5}[system]),
            }
            for key in ("tags", "price", "device"):
                if pick.random() < 0.03:
                    del event[key]
            if pick.random() < 0.05:
                event["campaign"] = pick.choice(["spring", "\u2600 summer", 'say "hi"'])
            file.write(json.dumps(event, ensure_ascii=pick.random() < 0.5) + "\n")


def ads(out, rows, seed):
    world = World(seed + 2, 100, 80)
    pick = world.random
    with open(out / "ads.tsv.gz", "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        for _ in range(rows):
            user, item = world.pair()
            slot = pick.randrange(5)
            label = int(world.label(user, item, 0.6 - 0.3 * slot))
            seen = "" if pick.random() < 0.2 else str(int(math.exp(pick.gauss(2, 1))))
            cells = [str(label), f"{user * 2654435761 % 2**32:08x}", str(item), str(slot), seen, f"{pick.random():.4f}"]
            file.write(("\t".join(cells) + "\n").encode())


def plays(out, rows, seed):
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        print("plays.parquet is left out: it needs pyarrow")
        return
    world = World(seed + 3, 110, 90)
    pick = world.random
    genres = [pick.sample(["rock", "jazz", "pop", "folk", "techno"], pick.randrange(1, 4)) for _ in world.items]
    columns = {name: [] for name in ("listener", "track", "played_at", "seconds", "volume", "country", "genres", "label")}
    begin = datetime(2024, 1, 1, tzinfo=timezone.utc)
    for number in range(rows):
        user, item = world.pair()
        country = pick.choice(["DE", "ES", "CH", None])
        row = {
            "listener": user,
            "track": f"track/{item}",
            "played_at": begin + timedelta(minutes=7 * number, microseconds=pick.randrange(10**6)),
            "seconds": None if pick.random() < 0.05 else pick.randrange(30, 400),
            "volume": None if pick.random() < 0.1 else round(pick.random(), 3),
            "country": country,
            "genres": None if pick.random() < 0.03 else genres[item],
            "label": int(world.label(user, item, 0.5 if country == "ES" else 0.0)),
        }
        for name, values in columns.items():
            values.append(row[name])
    types = {
        "listener": pyarrow.int64(),
        "track": pyarrow.string(),
        "played_at": pyarrow.timestamp("us", tz="UTC"),
        "seconds": pyarrow.int32(),
        "volume": pyarrow.float64(),
        "country": pyarrow.string(),
        "genres": pyarrow.list_(pyarrow.string()),
        "label": pyarrow.int32(),
    }
    table = pyarrow.table({name: pyarrow.array(values, types[name]) for name, values in columns.items()})
    # Several row groups, so that a reader meets their borders.
    parquet.write_table(table, out / "plays.parquet", row_group_size=max(1, rows // 3))


def libffm(out, rows, seed):
    world = World(seed + 4, 100, 70)
    pick = world.random
    with open(out / "clicks.libffm", "w", encoding="ascii") as file:
        for _ in range(rows):
            user, item = world.pair()
            hour, age = pick.randrange(24), round(pick.random(), 3)
            label = 1 if world.label(user, item, 0.8 if hour >= 18 else 0.0) else -1
            cells = [f"0:{user}:1", f"1:{1000 + item}:1", f"2:{2000 + hour}:1", f"3:3000:{age}"]
            if pick.random() < 0.3:
                # A field with several features.
                cells += [f"4:{4000 + tag}:0.5" for tag in sorted(pick.sample(range(9), 2))]
            file.write(" ".join([str(label), *cells]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for make in (shop, events, ads, plays, libffm):
        make(args.out, args.rows, args.seed)


if __name__ == "__main__":
    main()
