"""What a worker measures in its own process: times of calls, and the peak of memory in one call."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # proc(5): sets the peak of resident memory to what is resident now


def timed(run: Callable[[], Any], least_seconds: float) -> dict[str, float]:
    """Call often enough to fill some time; return wall and CPU seconds a call, and the number of calls."""
    gc.collect()
    count, wall, cpu = 0, time.perf_counter(), time.process_time()
    while True:
        run()
        count += 1
        if time.perf_counter() - wall >= least_seconds:
            break
    return {
        "wall": (time.perf_counter() - wall) / count,
        "cpu": (time.process_time() - cpu) / count,
        "count": float(count),
    }


def resident() -> int | None:
    """Return the bytes of memory that are resident now."""
    gc.collect()
    return _status("VmRSS")


def peak(run: Callable[[], Any]) -> int | None:
    """Return the largest number of bytes resident during one call; None where the system doesn't tell."""
    try:
        CLEAR.write_text(RESET_PEAK)
    except OSError:
        return None
    run()
    return _status("VmHWM")


def _status(name: str) -> int | None:
    if not STATUS.exists():
        return None
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None
