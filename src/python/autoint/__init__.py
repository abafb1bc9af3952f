"""AutoInt and AutoInt+ on a CPU: data frames in, recommendations and explanations out.

The engine is the one of the command line: the same rows and settings give the same bits, and a run directory that one of both has
written is read by the other.

>>> import autoint
>>> ratings = autoint.synthetic(rows=5000)
>>> model = autoint.AutoInt(epochs=2, seed=1, verbose=False).fit(ratings, protocol="course")
>>> model.predict_proba(ratings[:3]).shape
(3,)
"""

from autoint._data import draft, movielens, synthetic
from autoint._engine import __version__
from autoint._explanation import Explanation, Picture
from autoint._model import AutoInt, load

__all__ = ["AutoInt", "Explanation", "Picture", "__version__", "draft", "load", "movielens", "synthetic"]
