"""AutoInt as an estimator of scikit-learn.

>>> from sklearn.datasets import make_classification
>>> from autoint.sklearn import AutoIntClassifier
>>> X, y = make_classification(random_state=0)
>>> AutoIntClassifier(epochs=3).fit(X, y).predict(X).shape
(100,)
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from autoint._model import AutoInt

__all__ = ["EXPECTED_FAILED_CHECKS", "AutoIntClassifier"]

EXPECTED_FAILED_CHECKS = {
    "check_sample_weight_equivalence_on_dense_data": (
        "a row of weight 2 is drawn once in an epoch and counts twice, two equal rows are drawn into two batches: the mean step is the "
        "same, its bits are not, as with every method that goes by batches"
    ),
}
"""The checks of ``sklearn.utils.estimator_checks.check_estimator`` that do not hold, each with the reason."""

_LABEL, _WEIGHT = "autoint:label", "autoint:weight"
# On 300 rows, steps of 256 would be two an epoch.
_SMALLEST_BATCH, _STEPS_AN_EPOCH, _LARGEST_BATCH = 32, 100, 2048


class AutoIntClassifier(ClassifierMixin, BaseEstimator):
    """AutoInt, AutoInt+, or another sum of their parts, for two classes.

    Every column of `X` is a field: numbers are numeric (standardised; NaN is a missing value), all else is categorical.

    Parameters
    ----------
    model : str, default="autoint+"
        See :class:`autoint.AutoInt`.
    epochs : int, default=40
        The most; training ends earlier when the validation rows stop getting better.
    batch_size : int, optional
        Rows of a step; of a hundredth of the rows when left out, from 32 to 2,048.
    learning_rate : float, optional
    embedding_dim, heads, layers : int, optional
    dropout : float, optional
    settings : dict, optional
        Any other setting of a configuration file.
    categorical_features : list of str or int, optional
        Columns that are categorical though they hold numbers.
    validation_fraction : float, default=0.1
        The share of each class that early stopping looks at; 0 trains on all rows for all epochs.
    random_state : int, RandomState or None, default=0
    threads : int, optional
        Give 1 to an estimator that is trained many times side by side.
    verbose : bool, default=False

    Attributes
    ----------
    classes_ : numpy.ndarray of shape (2,)
    n_features_in_ : int
    feature_names_in_ : numpy.ndarray, where `X` has names
    model_ : autoint.AutoInt
        The trained model: `history`, `explain`, `save` and the rest.
    """

    def __init__(
        self, model="autoint+", *, epochs=40, batch_size=None, learning_rate=None, embedding_dim=None, heads=None, layers=None,
        dropout=None, settings=None, categorical_features=None, validation_fraction=0.1, random_state=0, threads=None, verbose=False,
    ):
        self.model = model
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.embedding_dim = embedding_dim
        self.heads = heads
        self.layers = layers
        self.dropout = dropout
        self.settings = settings
        self.categorical_features = categorical_features
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.threads = threads
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def fit(self, X, y, sample_weight=None):
        """Trains.

        Parameters
        ----------
        X : data frame or array of shape (B, F)
        y : array of shape (B,), of two classes
        sample_weight : array of shape (B,), optional
            What each row counts in the loss; a row of weight 0 is left out.

        Returns
        -------
        AutoIntClassifier
        """
        columns, y = self._columns(X, y)
        labels = self._labels(y)
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, next(iter(columns.values())), ensure_non_negative=True)
            kept = weights > 0
            columns = {name: _rows(column, kept) for name, column in columns.items()}
            labels, weights = labels[kept], weights[kept]
            columns[_WEIGHT] = weights.astype(np.float64)
        columns[_LABEL] = labels
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.model_ = self._untrained(seed, len(labels)).fit(
            columns, schema=self._schema(columns, seed), catalogue=False, report=False
        )
        return self

    def _untrained(self, seed, rows):
        batch = self.batch_size
        if batch is None:
            at_least = min(max(rows // _STEPS_AN_EPOCH, _SMALLEST_BATCH), _LARGEST_BATCH)
            batch = 1 << (at_least - 1).bit_length()
        return AutoInt(
            model=self.model, epochs=self.epochs, batch_size=batch, learning_rate=self.learning_rate, embedding_dim=self.embedding_dim,
            heads=self.heads, layers=self.layers, dropout=self.dropout, seed=seed, settings=self.settings, threads=self.threads,
            verbose=self.verbose,
        )

    def _schema(self, columns, seed):
        categorical = {
            f"x{name}" if isinstance(name, (int, np.integer)) else str(name) for name in self.categorical_features or ()
        }
        fields = []
        for name, column in columns.items():
            if name in (_LABEL, _WEIGHT):
                continue
            field = {"name": name, "column": name, "kind": "categorical"}
            if _is_numeric(column) and name not in categorical:
                field |= {"kind": "numeric", "transform": "standard"}
            fields.append(field)
        valid = round(1000 * self.validation_fraction)
        if not 0 <= valid < 1000:
            raise ValueError(f"validation_fraction: expected a share from 0 to below 1, got {self.validation_fraction!r}")
        schema = {
            "name": "sklearn", "metrics": ["auc", "logloss"], "label": {"column": _LABEL}, "field": fields,
            "split": {"rule": "stratified", "parts": [1000 - valid, valid, 0], "seed": seed},
        }
        if _WEIGHT in columns:
            schema["roles"] = {"weight": _WEIGHT}
        return schema

    def _columns(self, X, y=None):
        """The columns of `X` by name, checked as scikit-learn checks them."""
        asked = {} if y is None else {"y": y}
        if hasattr(X, "columns") and (hasattr(X, "__dataframe__") or hasattr(X, "dtypes")):
            checked = validate_data(self, X, reset=y is not None, skip_check_array=True, **asked)
            X = X if y is None else checked[0]
            if len(X) == 0:
                raise ValueError("Found array with 0 sample(s), while a minimum of 1 is required.")
            return {str(name): X[name] for name in X.columns}, None if y is None else checked[1]
        checked = validate_data(self, X, reset=y is not None, dtype=None, ensure_all_finite="allow-nan", **asked)
        X, y = checked if asked else (checked, None)
        if X.dtype == object:
            numbers = _as_numbers(X)
            X = X if numbers is None else numbers
        names = getattr(self, "feature_names_in_", None)
        names = [f"x{place}" for place in range(X.shape[1])] if names is None else [str(name) for name in names]
        return {name: X[:, place] for place, name in enumerate(names)}, y

    def _labels(self, y):
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"Classifier can't train when only one class is present: all rows are of class {self.classes_[0]!r}.")
        return labels.astype(np.int64)

    def decision_function(self, X):
        """The logit of the second class, of shape (B,)."""
        check_is_fitted(self, "model_")
        return self.model_.logits(self._columns(X)[0]).astype(np.float64)

    def predict_proba(self, X):
        """The probability of each class, of shape (B, 2)."""
        check_is_fitted(self, "model_")
        positive = self.model_.predict_proba(self._columns(X)[0]).astype(np.float64)
        return np.column_stack([1.0 - positive, positive])

    def predict(self, X):
        """The likelier class of each row."""
        logits = self.decision_function(X)
        return self.classes_[(logits > 0).astype(int)]


def _rows(column, kept):
    if hasattr(column, "filter") and not hasattr(column, "loc"):
        return column.filter(kept)
    return column[kept]


def _is_numeric(column):
    if hasattr(column.dtype, "is_numeric"):
        return column.dtype.is_numeric() or column.dtype.is_temporal()
    return getattr(column.dtype, "kind", "O") in "iufM"


def _as_numbers(X):
    try:
        return X.astype(np.float64)
    except (TypeError, ValueError):
        return None
