"""scikit-learn's own checks, and its tools around the estimator."""

import pickle

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from autoint.sklearn import EXPECTED_FAILED_CHECKS, AutoIntClassifier


@parametrize_with_checks([AutoIntClassifier()], expected_failed_checks=lambda _: EXPECTED_FAILED_CHECKS)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_the_exceptions_are_checks_that_there_are():
    names = {check.func.__name__ for _, check in estimator_checks_generator(AutoIntClassifier())}
    assert set(EXPECTED_FAILED_CHECKS) <= names and len(EXPECTED_FAILED_CHECKS) == 1


def test_a_grid_search_with_two_jobs():
    X, y = make_classification(400, random_state=1)
    search = GridSearchCV(AutoIntClassifier(epochs=4, threads=1), {"embedding_dim": [4, 8, 16]}, n_jobs=2, cv=3, scoring="roc_auc")
    search.fit(X, y)
    assert search.best_params_["embedding_dim"] in (4, 8, 16) and search.best_score_ > 0.8
    assert search.best_estimator_.predict_proba(X).shape == (400, 2)


def test_pipelines_scores_clones_and_pickles():
    X, y = make_classification(300, random_state=2)
    pipeline = make_pipeline(StandardScaler(), AutoIntClassifier(epochs=10, threads=1))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.75
    fitted = clone(pipeline).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))
    same = clone(pipeline).fit(X, y)
    assert np.array_equal(same.predict_proba(X), fitted.predict_proba(X))


def test_columns_of_every_kind_and_labels_of_any():
    generator = np.random.default_rng(3)
    X = pd.DataFrame({
        "colour": generator.choice(["red", "green"], 300), "size": generator.normal(size=300), "shop": generator.integers(0, 5, 300),
        "kind": pd.Categorical(generator.choice(["p", "q"], 300)),
    })
    X.loc[::7, "size"] = np.nan
    y = np.where((X.colour == "red") ^ (X.shop > 2), "yes", "no")
    model = AutoIntClassifier(epochs=60, categorical_features=["shop"]).fit(X, y)
    assert set(model.predict(X)) == {"yes", "no"} and model.score(X, y) > 0.9
    assert model.model_.info["protocol"]["field"][2]["kind"] == "categorical"


def test_weights_of_zero_leave_rows_out():
    X, y = make_classification(200, random_state=4)
    weights = np.ones(200)
    weights[150:] = 0
    some = AutoIntClassifier(epochs=3).fit(X, y, sample_weight=weights)
    without = AutoIntClassifier(epochs=3).fit(X[:150], y[:150], sample_weight=np.ones(150))
    assert np.array_equal(some.predict_proba(X), without.predict_proba(X))
