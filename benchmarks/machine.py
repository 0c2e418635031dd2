"""The machine and the versions that a run was made with."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.processes import started

DISTRIBUTIONS = (
    "ketgrad",
    "numpy",
    "autograd",
    "autoray",
    "numba",
    "torch",
    "jax",
    "jaxlib",
    "tensorflow-cpu",
    "tensorflow",
    "pennylane",
    "pennylane-lightning",
    "qulacs",
    "tensorcircuit-ng",
)
COPY = """
import time, numpy as np
source = np.ones(1 << 24, complex); target = np.empty_like(source); target[:] = 0
def once():
    start = time.perf_counter(); np.copyto(target, source); return time.perf_counter() - start
print(2 * source.nbytes / min(once() for _ in range(7)))
"""


def describe(pythons: Iterable[str], threads: int) -> dict[str, Any]:
    """Return date, processor, memory, load, copy bandwidth in bytes a second, and versions for each interpreter."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "processors": os.cpu_count(),
        "memory": _field(Path("/proc/meminfo"), "MemTotal"),
        "system": platform.platform(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "copy_bandwidth": _copy_bandwidth(threads),
        "versions": {python: versions_of(python) for python in dict.fromkeys(pythons)},
    }


def versions_of(python: str) -> dict[str, str]:
    """Return the versions that an interpreter sees."""
    output, _ = started([python, "-m", "benchmarks.machine"], 1).communicate()
    found: dict[str, str] = json.loads(output)
    return found


def _installed() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _copy_bandwidth(threads: int) -> float:
    output, _ = started([sys.executable, "-c", COPY], threads).communicate()
    return float(output)


def _field(path: Path, name: str) -> str | None:
    lines = path.read_text().splitlines() if path.exists() else []
    values = [line.partition(":")[2].strip() for line in lines if line.startswith(name)]
    return values[0] if values else None


if __name__ == "__main__":
    print(json.dumps(_installed()))
