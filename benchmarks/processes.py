"""Worker processes, each with the same threads and processors, fixed before anything is imported."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.workloads import Case

ROOT = Path(__file__).resolve().parent.parent
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "QULACS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}


class OverTimeError(Exception):
    """A worker did not answer in time."""


class WorkerDiedError(Exception):
    """A worker ended without an answer."""


class WorkerProcess:
    """One contestant with one case, in a process of its own, which ends with the block."""

    def __init__(self, python: str, contestant: str, case: Case, threads: int) -> None:
        command = [python, "-m", "benchmarks.worker", contestant, case.workload, str(case.place)]
        self.process = started(command, threads, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.pending = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def ask(self, command: str, timeout: float) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{command}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise WorkerDiedError("the process ended") from None
        return self.answer(timeout)

    def answer(self, timeout: float) -> dict[str, Any]:
        """Wait for the next line."""
        assert self.process.stdout is not None
        until = time.monotonic() + timeout
        while b"\n" not in self.pending:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise OverTimeError
            part = os.read(self.process.stdout.fileno(), 1 << 16)
            if not part:
                raise WorkerDiedError(f"the process ended with status {self.process.wait()}")
            self.pending += part
        line, _, self.pending = self.pending.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found


def started(command: Sequence[str], threads: int, **options: Any) -> subprocess.Popen[bytes]:
    """Start a process on as many processors as it may use threads, the last ones of this machine."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {name: str(threads) for name in THREAD_VARIABLES}
    environment = {**os.environ, **QUIET, **variables, "PYTHONPATH": os.pathsep.join(paths)}
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if not allowed:
        return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, **options)
    # A child inherits its parent's processors; those that it can't use, it makes no threads for.
    os.sched_setaffinity(0, sorted(allowed)[-threads:])
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, **options)
    finally:
        os.sched_setaffinity(0, allowed)
