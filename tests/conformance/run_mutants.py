"""Run the kit's protocol part on every mutant, one after another, and print what failed as JSON.

Its own process, because pytest runs inside it.
"""

import io
import json
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from conformance_mutants import MUTANTS

import ketgrad_conformance
from ketgrad.protocol import PROTOCOL_MEMBERS, ArrayBackend
from ketgrad_backends.numpy import NumpyBackend


def verdict(backend: Any, **options: Any) -> dict[str, Any]:
    """Return the exit code and the tests that failed."""
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        file = Path(folder) / "report.json"
        code = ketgrad_conformance.run(backend, parts=["protocol"], report=file, pytest_args=["--tb=line"], **options)
        tests = json.loads(file.read_text(encoding="utf-8"))["tests"]
    return {"code": code, "failed": [name for name, test in tests.items() if test["outcome"] == "failed"]}


def without(member: str) -> ArrayBackend:
    """Return NumPy's backend with one member broken."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"{member} is broken")

    is_method = callable(getattr(ArrayBackend, member, None))
    return type("Broken", (NumpyBackend,), {member: broken if is_method else ""})()


def main() -> None:
    """Print the verdict on each mutant, and on NumPy's backend with each member broken."""
    mutants = {name: verdict(mutant.backend()) for name, mutant in MUTANTS.items()}
    members = {name: verdict(without(name), members=[name]) for name in PROTOCOL_MEMBERS}
    json.dump({"mutants": mutants, "members": members, "none": verdict(NumpyBackend())}, sys.stdout)


if __name__ == "__main__":
    main()
