"""What only a process of its own shows: the console script, start-up, and what importing ketgrad loads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from installed import installed_backends

SCRIPT = Path(sys.executable).with_name("ketgrad")


def python(code: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


def test_the_console_script_prints_its_version():
    done = subprocess.run([SCRIPT, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == "ketgrad 0.1.0\n"


@pytest.mark.skipif("jax" not in installed_backends(), reason="needs JAX: upstream, its double precision is a flag")
def test_the_console_script_computes_in_double_precision_on_jax():
    environment = {key: value for key, value in os.environ.items() if key != "JAX_ENABLE_X64"}
    done = subprocess.run(
        [SCRIPT, "vqe", "h2", "--backend", "jax", "--steps", "2"],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    # After two steps of rate 0.4: θ₂ of the descent worked out by hand in test_cli.py, E(θ₂) = -1.1326490063
    assert "energy  -1.1326490063" in done.stdout


def test_importing_ketgrad_loads_no_framework():
    done = python("import sys, ketgrad; import json; print(json.dumps(list(sys.modules)))")
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"torch", "jax", "jaxlib", "tensorflow", "keras", "matplotlib", "scipy", "autoray", "autograd"}


def test_conformance_passes_its_arguments_on_and_returns_the_exit_status():
    done = subprocess.run([SCRIPT, "conformance", "no-such-backend"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "no-such-backend" in done.stdout + done.stderr


@pytest.mark.parametrize("command", [["vqe", "h2", "--steps", "2"], ["run", "-"]])
def test_one_off_runs_of_small_circuits_do_not_wait_for_kernels(command):
    code = (
        "import sys; from ketgrad.cli import main; status = main(sys.argv[1:]); print(status, 'numba' in sys.modules)"
    )
    program = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, input=program, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 False"
