"""Why a row has its logit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

__all__ = ["Explanation", "Picture"]


class Picture:
    """A drawing that notebooks show.

    Attributes
    ----------
    svg : str
    """

    def __init__(self, svg):
        self.svg = svg

    def _repr_svg_(self):
        return self.svg

    def save(self, path):
        """Writes the drawing as an SVG file."""
        Path(path).write_text(self.svg, encoding="utf-8")

    def __repr__(self):
        return f"<Picture: SVG of {len(self.svg)} characters>"


class Explanation:
    """Why a row has its logit.

    Attributes
    ----------
    fields : list of str
        The F fields, in the order of everything below.
    logit, probability : float
    contributions : dict of str to float
        The logit less the logit with the field unknown: above 0, the value speaks for a positive. They need not add up.
    attention : numpy.ndarray
        The attention weights, ``[L, H, F, F]``.
    received : dict of str to float
        The attention that each field receives.
    strongest : list of dict
        The pairs of different fields with the most attention.
    agreement : dict or None
        Whether attention goes to the fields that contribute; None when no field stands out.
    unknown : list of str
        Fields whose value the model does not know.
    """

    def __init__(self, text, svg):
        told = json.loads(text)
        self._svg = svg
        self.fields = told["fields"]
        self.unknown = told["unknown"]
        self.logit = told["logit"]
        self.probability = told["probability"]
        self.attention = np.asarray(told["attention"], dtype=np.float32)
        self.contributions = dict(zip(self.fields, told["contributions"]))
        self.received = dict(zip(self.fields, told["received"]))
        self.strongest = told["strongest"]
        self.agreement = told["agreement"]

    def heatmap(self):
        """Contributions, and the attention of every layer and head, as a :class:`Picture`."""
        return Picture(self._svg)

    def _repr_svg_(self):
        return self._svg

    def __repr__(self):
        most = sorted(self.contributions.items(), key=lambda pair: -abs(pair[1]))[:3]
        told = ", ".join(f"{name} {worth:+.3f}" for name, worth in most)
        return f"<Explanation: probability {self.probability:.4f}; {told}>"
