"""Layers of Keras, on each of its backends, which it takes at its import: so each has a process of its own."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from installed import installed_backends

CASES = sorted(map(str, Path(__file__).parent.glob("keras_*cases.py")))
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "pytorch"}
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")


def run(keras_backend, *options, **environment):
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *options, *CASES]
    variables = {**os.environ, "JAX_ENABLE_X64": "1", **environment, "KERAS_BACKEND": keras_backend}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [name for name, own in BACKENDS.items() if own in installed_backends()])
def test_the_layer_on_a_backend_of_keras(name):
    run(name)


@pytest.mark.skipif("jax" not in installed_backends(), reason="JAX is not installed")
def test_the_layer_on_jax_as_it_is_without_64_bit_types():
    run("jax", "-k", "forward or fit or predict or saved", JAX_ENABLE_X64="0")


def test_the_layer_computes_on_the_numpy_backend_of_keras():
    run("numpy", "-k", "forward or predict or symbolic or start")
