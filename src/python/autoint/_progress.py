"""How a training goes, on a terminal or in a notebook."""

from __future__ import annotations

import json
import sys

__all__ = ["Progress"]


def _interactive():
    if "IPython" in sys.modules:
        from IPython import get_ipython

        if get_ipython() is not None:
            return True
    return sys.stderr.isatty()


class Progress:
    """Tells of batches by a bar, of epochs by a line, and asks the callbacks."""

    def __init__(self, verbose, callbacks):
        self.callbacks = tuple(callbacks or ())
        self.bar = None
        self.verbose = bool(verbose)
        if self.verbose and _interactive():
            from tqdm.auto import tqdm

            self.bar = tqdm(total=0, unit=" rows", unit_scale=True, leave=False)
        self.at = 0

    def batch(self, epoch, done, rows, loss):
        if self.bar is None:
            return
        if epoch != self.at:
            self.at = epoch
            self.bar.reset(total=rows)
        self.bar.set_description_str(f"epoch {epoch}", refresh=False)
        self.bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
        self.bar.update(done - self.bar.n)

    def epoch(self, record, best):
        record = json.loads(record)
        record["best"] = best
        if self.verbose:
            self._say(_line(record))
        # Every callback is asked, also after one that has enough.
        return any([bool(callback(dict(record))) for callback in self.callbacks])

    def _say(self, line):
        if self.bar is None:
            print(line, flush=True)
        else:
            self.bar.write(line)

    def close(self):
        if self.bar is not None:
            self.bar.close()


def _line(record):
    def shown(name):
        return "-" if record[name] is None else f"{record[name]:.4f}"

    best = "   best so far" if record["best"] else ""
    return (
        f"epoch {record['epoch']:>2}   train loss {record['train_loss']:.4f}   valid loss {shown('valid_loss')}   "
        f"valid AUC {shown('valid_auc')}   {record['train_seconds']:.1f} s{best}"
    )
