"""The model: fit, score, recommend, explain, save."""

from __future__ import annotations

import html
import json
import os
import shutil
import tempfile
import warnings
import weakref
from pathlib import Path

from autoint import _engine
from autoint._explanation import Explanation
from autoint._progress import Progress
from autoint._settings import sets

__all__ = ["AutoInt", "load"]

# Of a run directory that is no more than what a model needs.
_RUN = (
    "model.safetensors", "config.toml", "schema.json", "data.json", "metrics.jsonl",
    "evaluation.json", "report.html", "catalogue.bin", "distribution.json", "trace.jsonl",
)


def _text(value):
    """A value as files have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _pairs(values):
    return [[str(name), _text(value)] for name, value in (values or {}).items()]


def _frame(records):
    try:
        import pandas
    except ImportError:
        return records
    return pandas.DataFrame(records)


class AutoInt:
    """AutoInt, AutoInt+, or another sum of their parts.

    Parameters
    ----------
    model : str, optional
        ``"autoint"``, ``"autoint+"``, ``"lr"``, ``"fm"``, ``"deepfm"``, ``"dcn-v2"``, ``"xdeepfm"``, ``"mlp"``; the preset's when left out.
    preset : str, optional
        Named hyper-parameters to start from; `autoint train --help` lists them.
    epochs, batch_size, embedding_dim, heads, layers, negatives, seed : int, optional
    learning_rate, dropout : float, optional
        As the command line's options of these names; what is left out is the preset's or, for data nobody tuned a preset on, fitted to
        the number of rows.
    settings : dict, optional
        Any other setting of a configuration file: ``{"model.interacting.dropout": 0.1}``.
    config : path-like, optional
        A configuration file, such as the ``config.toml`` of a run.
    threads : int, optional
        Threads to compute with, one a core by default. The result is the same for any number.
    precision : str, optional
        In what products of matrices are taken: ``"f32"``, ``"bf16"`` or ``"amx-bf16"``. Left out, the settings say it for a training, and
        a run computes as it was trained.
    verbose : bool
        Whether to tell of epochs, and draw a bar where somebody looks.

    Attributes
    ----------
    path : pathlib.Path
        The run directory: a temporary one until :meth:`save`, unless ``out`` was given to :meth:`fit`.
    history : pandas.DataFrame
        A row an epoch.
    metrics : dict or None
        What the model scored on the test rows, beside baselines; None when there were none.
    """

    def __init__(
        self, *, model=None, preset=None, epochs=None, batch_size=None, learning_rate=None, embedding_dim=None, heads=None,
        layers=None, dropout=None, negatives=None, seed=None, settings=None, config=None, threads=None, precision=None,
        verbose=True,
    ):
        self.arguments = {
            "model": model, "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate,
            "embedding_dim": embedding_dim, "heads": heads, "layers": layers, "dropout": dropout, "negatives": negatives, "seed": seed,
            "precision": precision,
        }
        self.preset = preset
        self.settings = dict(settings or {})
        self.config = config
        self.threads = threads
        self.verbose = verbose
        self._run = None
        self._path = None

    # -- training

    def fit(
        self, data, *, label=None, user=None, item=None, time=None, fields=None, schema=None, protocol=None, valid=None, test=None,
        out=None, force=False, callbacks=None, tensorboard=None, catalogue=True, report=True, name=None,
    ):
        """Trains on a data frame.

        Parameters
        ----------
        data : data frame, dict of columns, or str
            Anything with ``__arrow_c_stream__`` (pandas, polars, pyarrow), a dict of arrays or lists, or what the command line's
            ``--data`` takes.
        label : str, optional
            The label's column, perhaps with a test for what is positive: ``"rating>=4"``. Found out where it is clear.
        user, item, time : str, optional
            The columns with these roles; found out where their names tell.
        fields : list of str or dict, optional
            The columns that are to be fields, or whole fields as a schema file has them. Otherwise types and values decide.
        schema : path-like, str or dict, optional
            A schema file, the name of a ready one, or a schema as a dict; it says all of the above.
        protocol : str, optional
            One of MovieLens' protocols, such as ``"course"``.
        valid, test : data frame or dict, optional
            Rows of their own for validation and test; all rows of `data` then train. Otherwise the schema's split decides.
        out : path-like, optional
            Where the run directory is to be.
        force : bool
            Whether it may replace another run there.
        callbacks : list of callable, optional
            Called after every epoch with its record, a dict. True ends the training; an exception does too, and is raised.
        tensorboard : path-like, optional
            Where to write TensorBoard's event files.
        catalogue : bool
            Whether the run is to know users and items, which :meth:`recommend` needs.
        report : bool
            Whether to measure the test rows and write the report.
        name : str, optional
            What a drafted schema is called.

        Returns
        -------
        AutoInt
            This model. Ctrl-C raises ``KeyboardInterrupt`` after the current batch; the model then holds the best epoch so far.
        """
        asked = {"label": label, "user": user, "item": item, "time": time, "name": name, "protocol": protocol, "fields": fields}
        if schema is not None:
            asked["spec" if isinstance(schema, dict) else "schema"] = schema if isinstance(schema, dict) else os.fspath(schema)
        temporary = None
        if out is None:
            temporary = tempfile.mkdtemp(prefix="autoint-")
            out = os.path.join(temporary, "run")
        request = {
            "out": os.fspath(out), "force": force, "threads": self.threads, "asked": asked, "preset": self.preset,
            "config": None if self.config is None else os.fspath(self.config), "sets": sets(self.arguments, self.settings),
            "tensorboard": None if tensorboard is None else os.fspath(tensorboard), "report": report, "catalogue": catalogue,
        }
        progress = Progress(self.verbose, callbacks)
        try:
            told, raised = _engine.train(
                data, valid, test, json.dumps(request), progress.batch if progress.bar is not None else None, progress.epoch
            )
        except BaseException:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            raise
        finally:
            progress.close()
        told = json.loads(told)
        for warning in told["warnings"]:
            warnings.warn(warning, stacklevel=2)
        self._open(told["path"], temporary)
        if raised is not None:
            raise raised
        return self

    def _open(self, path, temporary=None):
        self._run = _engine.Model(os.fspath(path), self.threads, self.arguments["precision"])
        self._path = Path(path)
        if temporary is not None:
            # Gone with the model.
            self._finalizer = weakref.finalize(self, shutil.rmtree, temporary, ignore_errors=True)
        return self

    @property
    def _fitted(self):
        if self._run is None:
            raise ValueError("this model is not trained yet: call fit, or autoint.load a run")
        return self._run

    # -- scoring

    def predict_proba(self, data):
        """The probability of a positive for each row, as `autoint predict` gives it.

        Parameters
        ----------
        data : data frame, dict of columns, or dict of single values
            The columns that the fields are made of; others are ignored, and the label need not be there. A dict of single values is one
            row.

        Returns
        -------
        numpy.ndarray of float32, shape (B,)
        """
        return self._fitted.probabilities(data)

    def logits(self, data):
        """As :meth:`predict_proba`, before the sigmoid."""
        return self._fitted.logits(data)

    def predict(self, data, threshold=0.5):
        """Whether each row is taken for a positive.

        Returns
        -------
        numpy.ndarray of bool, shape (B,)
        """
        return self.predict_proba(data) >= threshold

    def evaluate(self, data, *, train=None, metrics=None, intervals=False):
        """What all rows of a data frame score, beside what a model has to beat.

        Parameters
        ----------
        data : data frame or dict of columns
            With the label's column.
        train : data frame or dict of columns, optional
            The rows that baselines learn from: without them the only baseline is chance.
        metrics : list of str, optional
            Such as ``["auc", "ndcg@10"]``; the schema's when left out.
        intervals : bool
            Whether to tell how sure each is: its 95 % interval, for the choice of users.

        Returns
        -------
        dict
            As ``autoint evaluate --json`` prints it.
        """
        return json.loads(self._fitted.evaluate(data, train, metrics, intervals))

    # -- recommending and explaining

    def recommend(self, user=None, *, profile=None, top=10, set=None, include_rated=False, filter=None, diversity=0.0):
        """The best items for somebody.

        Parameters
        ----------
        user : optional
            The id of somebody of the data.
        profile : dict, optional
            Values of user columns, of somebody who is not in the data.
        top : int
        set : dict, optional
            Other values for columns of the moment.
        include_rated : bool
            Also items that the user had before.
        filter : dict, optional
            Only items with these values in these columns.
        diversity : float
            Fewer items of one kind: 0 (the model's order) to 1.

        Returns
        -------
        pandas.DataFrame
            The items, the best first, with their columns. Without pandas, a list of dicts.
        """
        if (user is None) == (profile is None):
            raise ValueError("recommend: give either user or profile")
        wanted = {
            "user": None if user is None else _text(user), "profile": _pairs(profile), "set": _pairs(set), "top": top,
            "include_rated": include_rated, "filter": _pairs(filter), "diversity": diversity,
        }
        answer = json.loads(self._fitted.recommend(json.dumps(wanted)))
        rows = [
            {"rank": item["rank"], "item": item["item"], "score": item["score"], **item["columns"]} for item in answer["items"]
        ]
        return _frame(rows)

    def similar(self, value, *, field=None, top=10):
        """The values whose embeddings are nearest to that of an item, or of a value of `field`.

        Returns
        -------
        pandas.DataFrame
            With the columns ``value`` and ``cosine``.
        """
        return _frame(json.loads(self._fitted.similar(field, _text(value), top)))

    def explain(self, row=None, *, user=None, item=None, set=None):
        """Why a row has its logit.

        Parameters
        ----------
        row : dict, or a row of a data frame
            The columns that the fields are made of.
        user, item : optional
            Instead of a row: the row that a recommendation of this item for this user is made from.
        set : dict, optional
            For `user` and `item`: other values for columns of the moment.

        Returns
        -------
        Explanation
        """
        if row is None:
            if user is None or item is None:
                raise ValueError("explain: give a row, or user and item")
            return Explanation(*self._fitted.explain_pair(_text(user), _text(item), json.dumps(_pairs(set))))
        if hasattr(row, "to_dict"):
            row = row.to_dict()
        if not isinstance(row, dict):
            raise ValueError(f"explain: expected a dict of single values, or a row of a data frame, got {type(row).__name__}")
        return Explanation(*self._fitted.explain(row))

    def attention(self, data):
        """The attention weights of every row.

        Returns
        -------
        list of numpy.ndarray of float32
            One a layer, ``[B, H, F, F]``, in the engine's own memory: nothing is copied.
        """
        return self._fitted.attention(data)

    # -- what is known of the run

    @property
    def path(self):
        """The run directory."""
        self._fitted
        return self._path

    @property
    def info(self):
        """Protocol, settings, fields and origin of the run, a dict."""
        return json.loads(self._fitted.info())

    @property
    def fields(self):
        """The names of the fields, in the order of the model."""
        return self.info["fields"]

    @property
    def history(self):
        """A row an epoch."""
        lines = (self.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        return _frame([json.loads(line) for line in lines])

    @property
    def metrics(self):
        """What the model scored on the test rows when it was trained; None when there were none."""
        file = self.path / "evaluation.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None

    def _repr_html_(self):
        if self._run is None or not (self.path / "report.html").exists():
            return f"<pre>{html.escape(repr(self))}</pre>"
        page = html.escape((self.path / "report.html").read_text(encoding="utf-8"), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:32em;border:1px solid #ccc" sandbox></iframe>'

    def __repr__(self):
        if self._run is None:
            given = {name: value for name, value in {"preset": self.preset, **self.arguments}.items() if value is not None}
            return f"AutoInt({', '.join(f'{name}={value!r}' for name, value in given.items())})"
        info = self.info
        return f"<AutoInt: {info['model']}, {len(info['fields'])} fields, {info['parameters']} parameters, {self._path}>"

    # -- keeping it

    def save(self, path, *, force=False):
        """Writes the run directory, which `autoint serve --run` and every other command takes.

        Parameters
        ----------
        path : path-like
            A folder that is not there yet.
        force : bool
            Whether to replace a run there.
        """
        target, source = Path(path), self.path
        if target.exists():
            if not force:
                raise FileExistsError(f"{target}: is there already: force=True replaces it, or choose another folder")
            if not (target / "data.json").exists():
                raise FileExistsError(f"{target}: is no run, so it is not replaced: choose another folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all.
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
            new = Path(folder) / "run"
            new.mkdir()
            for name in _RUN:
                if (source / name).exists():
                    shutil.copyfile(source / name, new / name)
            if target.exists():
                target.rename(Path(folder) / "old")
            new.rename(target)

    def to_onnx(self, path, *, inputs="raw"):
        """Writes the whole scoring graph for any ONNX runtime; `inputs` is ``"raw"`` or ``"codes"``."""
        if inputs not in ("raw", "codes"):
            raise ValueError(f"inputs: expected 'raw' or 'codes', got {inputs!r}")
        self._fitted.export("onnx", os.fspath(path), inputs == "raw")

    def to_safetensors(self, path):
        """Writes all tensors by name, with the model's configuration and fields in the header."""
        self._fitted.export("safetensors", os.fspath(path))

    def to_torch(self):
        """The model as a ``torch.nn.Module`` with the same logits and weights that can be trained on; torch and onnx must be installed.

        Returns
        -------
        torch.nn.Module
            Its ``encode`` makes the tensors of rows, its ``forward`` takes them: ``module(module.encode(df))``.
        """
        from autoint._torch import module_of

        run = self._fitted
        return module_of(run.graph(), run.codes)

    def export(self, format, path):
        """Writes the model as ``"onnx"``, ``"safetensors"``, ``"npy"``, ``"keras"``, ``"csv"`` or ``"parquet"``."""
        self._fitted.export(format, os.fspath(path))

    def __getstate__(self):
        state = {name: value for name, value in self.__dict__.items() if name not in ("_run", "_path", "_finalizer")}
        if self._run is not None:
            state["_bytes"] = {name: (self.path / name).read_bytes() for name in _RUN if (self.path / name).exists()}
        return state

    def __setstate__(self, state):
        held = state.pop("_bytes", None)
        self.__dict__.update(state)
        self._run = self._path = None
        if held is not None:
            temporary = tempfile.mkdtemp(prefix="autoint-")
            path = Path(temporary) / "run"
            path.mkdir()
            try:
                for name in _RUN:
                    if name in held:
                        (path / name).write_bytes(held[name])
                # With all the checks of a run.
                self._open(path, temporary)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise


def load(path, *, threads=None, precision=None):
    """Opens a run directory, whoever has written it.

    Parameters
    ----------
    path : path-like
    threads : int, optional
    precision : str, optional
        In what products are taken: as in the training when left out.

    Returns
    -------
    AutoInt
    """
    return AutoInt(threads=threads, precision=precision)._open(Path(path))
