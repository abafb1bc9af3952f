#!/usr/bin/env python3
"""MovieLens-1M as three plain CSV files, to be read like anybody's data.

    python3 benches/data/movielens_csv.py ML1M_DIR OUT_DIR

    ratings.csv   user_id,movie_id,rating,timestamp
    users.csv     user_id,gender,age,occupation,zip
    movies.csv    movie_id,title,movie_year,movie_decade,genre1,genre2,genre3,genres

The values are those of the built-in reader (src/data/movielens/), row for row: a title without its year, a decade like
`1990s`, `no` for a genre that is not there, all genres joined by `|`. UTF-8, lines end with a line feed, quotes where
needed. Python 3, standard library only.
"""

import csv
import re
import sys
from pathlib import Path

# The last `(dddd)` of a title, wherever it stands. Only ASCII digits count.
YEAR = re.compile(r"\(([0-9]{4})\)")
# What Rust's `trim` takes off and can occur in ISO-8859-1.
BLANKS = "\t\n\x0b\x0c\r \x85\xa0"


def lines(path, fields):
    """The lines of a file, cut at `::`."""
    # A byte is a character; nothing but a line feed ends a line.
    with open(path, encoding="iso-8859-1", newline="\n") as file:
        for number, line in enumerate(file, 1):
            cells = line.rstrip("\n").removesuffix("\r").split("::")
            if len(cells) != fields:
                sys.exit(f"{path}:{number}: {len(cells)} fields, expected {fields}")
            yield cells


def split_year(title):
    """The title without its year, and the year or ''."""
    # Overlaps cannot be: a year ends with the parenthesis it needs.
    found = list(YEAR.finditer(title))
    if not found:
        return title.strip(BLANKS), ""
    last = found[-1]
    without = title[: last.start()].rstrip(BLANKS) + title[last.end() :].rstrip(BLANKS)
    return without.strip(BLANKS), str(int(last.group(1)))


def movie(cells):
    identifier, title, genres = cells
    title, year = split_year(title)
    decade = f"{int(year) // 10 * 10}s" if year else ""
    listed = genres.split("|") if genres else []
    first = (listed + ["no"] * 3)[:3]
    return [int(identifier), title, year, decade, *first, genres]


def user(cells):
    identifier, gender, age, occupation, zip_code = cells
    return [int(identifier), gender, int(age), int(occupation), zip_code]


FILES = [
    ("ratings.csv", "ratings.dat", "user_id,movie_id,rating,timestamp", lambda cells: [int(cell) for cell in cells]),
    ("users.csv", "users.dat", "user_id,gender,age,occupation,zip", user),
    ("movies.csv", "movies.dat", "movie_id,title,movie_year,movie_decade,genre1,genre2,genre3,genres", movie),
]


def main(source, out):
    out.mkdir(parents=True, exist_ok=True)
    for name, raw, header, row in FILES:
        fields = 3 if raw == "movies.dat" else len(header.split(","))
        with open(out / name, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header.split(","))
            count = 0
            for cells in lines(source / raw, fields):
                writer.writerow(row(cells))
                count += 1
        print(f"{out / name}: {count} rows")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
