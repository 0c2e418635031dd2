"""Where arrays are: what is given on a device is computed there, and constants join it.

Torch's second device is registered once and for all, and JAX is told at its start how many devices it has, so each has
a process of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from installed import installed_backends

HERE = Path(__file__).parent
ENVIRONMENTS = {"pytorch": {}, "jax": {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_ENABLE_X64": "1"}}
CASES = {"pytorch": "torch_cases.py", "jax": "jax_cases.py"}


@pytest.mark.parametrize("name", [name for name in CASES if name in installed_backends()])
def test_a_device_that_is_not_the_default_one(name):
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(HERE / CASES[name])]
    variables = {**os.environ, **ENVIRONMENTS[name]}
    done = subprocess.run(command, cwd=HERE.parents[1], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
