"""What the tests share: the built-in synthetic ratings, and the command line to compare with."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import autoint

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def ratings():
    return autoint.synthetic(rows=5000)


@pytest.fixture(scope="session")
def trained(ratings):
    return autoint.AutoInt(epochs=2, seed=1, verbose=False).fit(ratings, protocol="course")


@pytest.fixture(scope="session")
def command():
    """Runs the command line; AUTOINT_BINARY says where it is."""
    binary = os.environ.get("AUTOINT_BINARY") or shutil.which("autoint")
    if binary is None:
        pytest.skip("no command line: name it in AUTOINT_BINARY")

    def run(*arguments):
        done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def weights_of(run):
    return hashlib.sha256((Path(run) / "model.safetensors").read_bytes()).hexdigest()
