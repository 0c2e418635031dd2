"""Work of the kernels on several cores: parts of it in threads of Python, as the kernels let go of its lock.

Threads of Python and not those of numba: any number of callers share them, a forked process makes its own, and neither
aborts the process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from ketgrad.errors import InvalidValueError

VARIABLES = ("KETGRAD_NUM_THREADS", "OMP_NUM_THREADS")
"""Environment variables that say how many threads to use, the first one that is set."""


def num_threads() -> int:
    """Return how many threads the kernels use: what the environment says, else one for each core that is ours."""
    for name in VARIABLES:
        # OpenMP takes a list of numbers, for regions inside of one another; those of the outermost one are ours.
        text = os.environ.get(name, "").partition(",")[0].strip()
        if text:
            if not text.isdecimal() or int(text) < 1:
                raise InvalidValueError(f"{name} is {os.environ[name]!r}; give a number of threads, at least 1")
            return int(text)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parts(work: Callable[[int], None], parts: int) -> None:
    """Run work(0), …, work(parts − 1) side by side; the first one in this thread."""
    if parts == 1:
        work(0)
        return
    others = [_pool(os.getpid(), parts - 1).submit(work, part) for part in range(1, parts)]
    work(0)
    for other in others:
        other.result()


@lru_cache(maxsize=4)
def _pool(process: int, workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="ketgrad")
