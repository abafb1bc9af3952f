"""Data: what comes with the package, and what their columns are."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from autoint import _engine

__all__ = ["draft", "frame_of", "movielens", "synthetic"]


def frame_of(table):
    """An Arrow table as the data frame that is at hand: of pandas, else of polars, else the table."""
    if importlib.util.find_spec("pandas") and importlib.util.find_spec("pyarrow"):
        import pyarrow

        return pyarrow.table(table).to_pandas()
    if importlib.util.find_spec("polars"):
        import polars

        return polars.DataFrame(table)
    return table


def synthetic(rows=None):
    """The built-in synthetic ratings, with the columns that MovieLens has.

    Parameters
    ----------
    rows : int, optional
        How many ratings; the command line's default set when left out.

    Returns
    -------
    pandas.DataFrame
        Or a frame of polars, or an Arrow table, where pandas is not installed.
    """
    return frame_of(_engine.synthetic(rows))


def movielens(folder):
    """The files of MovieLens-1M or MovieLens-100K, joined: one row a rating.

    Parameters
    ----------
    folder : path-like
        Where ``autoint download ml-1m`` has put them.

    Returns
    -------
    pandas.DataFrame
        As :func:`synthetic`.
    """
    return frame_of(_engine.movielens(Path(folder)))


def draft(data, *, label=None, user=None, item=None, time=None, name=None):
    """The schema that `autoint init` would write for a data frame, each guess with its reason.

    Parameters
    ----------
    data : data frame or dict of columns
    label : str, optional
        The label's column, perhaps with a test: ``"rating>=4"``.
    user, item, time : str, optional
        The columns with these roles.
    name : str, optional
        What the schema is called.

    Returns
    -------
    str
        A schema file: save it, correct it, and give its path to :meth:`AutoInt.fit` as ``schema``.
    """
    asked = {"label": label, "user": user, "item": item, "time": time, "name": name}
    return _engine.drafted(data, json.dumps(asked))
