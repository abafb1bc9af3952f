"""Raw values and codes of a run of MovieLens-1M in the `course` protocol, for the server and the load beside ours."""

import datetime
import json
import pathlib
import re

import numpy as np


class Vocabulary:
    """A run's categorical fields: value to code, in one table of all fields; a field's first code is for unknown values."""

    def __init__(self, run):
        schema = json.loads((pathlib.Path(run) / "schema.json").read_text())
        self.fields, self.unknown, self.codes, start = [], [], {}, 0
        for entry in schema["encodings"]:
            field, values = entry["field"], entry["encoding"]["vocabulary"]
            self.fields.append(field)
            self.unknown.append(start)
            self.codes[field] = {value: start + 1 + at for at, value in enumerate(values)}
            start += 1 + len(values)
        self.columns = [(f, self.codes[f], u) for f, u in zip(self.fields, self.unknown)]

    def encode(self, rows):
        """Codes `[rows, fields]` of dicts of texts, and for each row the fields whose value is unknown."""
        coded = [[codes.get(row[field], other) for field, codes, other in self.columns] for row in rows]
        codes = np.array(coded, np.int64)
        if not (codes == self.unknown).any():
            return codes, [[] for _ in rows]
        names = [[f for f, code, other in zip(self.fields, row, self.unknown) if code == other] for row in coded]
        return codes, names


def lines(folder, name):
    return [line.split("::") for line in (pathlib.Path(folder) / name).read_text("latin-1").splitlines()]


def movies(folder):
    """Columns of every movie, by id."""
    found = {}
    for movie, title, genres in lines(folder, "movies.dat"):
        title, year = re.fullmatch(r"(.*?)\s*\((\d{4})\)\s*", title).groups()
        three = [*genres.split("|"), "no", "no"][:3]
        found[movie] = {
            "movie_decade": f"{year[:3]}0s",
            "movie_year": year,
            **{f"genre{at + 1}": genre for at, genre in enumerate(three)},
            "genres": genres,
            "title": title,
        }
    return found


def users(folder):
    """Columns of every user, by id."""
    names = ("gender", "age", "occupation", "zip")
    return {user: dict(zip(names, values)) for user, *values in lines(folder, "users.dat")}


def context(folder):
    """The columns of the data's last moment, for which recommendations are made."""
    with (pathlib.Path(folder) / "ratings.dat").open("rb") as file:
        last = max(int(line.rsplit(b"::", 1)[1]) for line in file)
    day = datetime.datetime.fromtimestamp(last, datetime.timezone.utc)
    return dates(day.year, day.month)


def dates(year, month):
    return {"rating_year": str(year), "rating_month": str(month), "rating_decade": f"{year // 10}0s"}
