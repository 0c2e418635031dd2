"""Code in a process of its own, where what is imported and how frameworks are set up begins afresh."""

import json
import os
import subprocess
import sys
from textwrap import dedent

import pytest

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
