"""What all tests share: a `backend` fixture that runs a test on every installed backend, a clean global state, and code
in a process of its own, where what is imported and how frameworks are set up begins afresh.

`KETGRAD_TEST_BACKENDS` names the backends that must be there (separated by commas); without it, those installed are
used, so that the same tests run with no framework and with all four.
"""

import os

# JAX reads this when it is imported; double precision is the default precision of ketgrad.
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import json
import subprocess
import sys
from textwrap import dedent

import pytest

import ketgrad as kg
from installed import AUTODIFF, installed_backends


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", installed_backends(), indirect=True)
    if "autodiff_backend" in metafunc.fixturenames:
        names = [name for name in installed_backends() if name in AUTODIFF]
        metafunc.parametrize("autodiff_backend", names, indirect=True)


@pytest.fixture
def backend(request):
    """Every installed backend in turn, in force while the test runs."""
    with kg.use_backend(request.param) as chosen:
        yield chosen


@pytest.fixture
def autodiff_backend(request):
    """Every installed backend that differentiates natively, in force while the test runs."""
    with kg.use_backend(request.param) as chosen:
        yield chosen


@pytest.fixture(autouse=True)
def unchanged_global_state():
    """Fail a test that leaves another backend, precision or engine behind than it found."""
    before = kg.get_backend().name, kg.get_precision(), kg.get_engine()
    yield
    after = kg.get_backend().name, kg.get_precision(), kg.get_engine()
    kg.set_backend(before[0])
    kg.set_precision(before[1])
    kg.set_engine(before[2])
    assert after == before


PREAMBLE = '''
import json, sys

class Absent:
    """Makes modules look as if they were not installed."""

    def __init__(self, *names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

def hide(*names):
    sys.meta_path.insert(0, Absent(*names))
'''


@pytest.fixture
def in_new_process():
    """Run code in a new interpreter, which has `hide(*modules)`, and return what it prints as JSON in its last line."""

    def run(code, **environment):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
        done = subprocess.run(
            [sys.executable, "-c", PREAMBLE + dedent(code)],
            env={**inherited, "JAX_PLATFORMS": "cpu", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run
