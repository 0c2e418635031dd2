"""numba's compiler, which keeps what it compiled on disk, where there is a folder that it may write to."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import event
from numba.core.registry import CPUDispatcher

from ketgrad.errors import KernelWarning
from ketgrad.warning import warn_user

PACKAGE = __name__.rpartition(".")[0] + "."

NO_FOLDER = "no locator available"
"""What numba says where neither NUMBA_CACHE_DIR, nor the package's folder, nor the user's cache can be written to."""


def cached_njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return numba's decorator with a cache on disk if there can be one, else in memory alone.

    A kernel holds the kernels that it calls, but numba looks only at the file of the outermost one to find out whether
    what is on disk is still right. The names under which kernels are kept therefore end in a digest of all their files.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        function.__qualname__ += f"_{sources_digest()}"
        return njit(cache=cache_is_possible(), **options)(function)

    return decorate


@lru_cache(maxsize=1)
def cache_is_possible() -> bool:
    """Tell whether numba can keep kernels on disk; warn, once in a process, where it can't."""
    try:
        njit(cache=True)(_probe)
    except RuntimeError as error:
        if NO_FOLDER not in str(error):
            raise
        warn_user(
            "numba may write to neither the package's folder nor the user's cache, so every process compiles the "
            "kernels anew; set NUMBA_CACHE_DIR to a folder that can be written to",
            KernelWarning,
        )
        return False
    return True


@lru_cache(maxsize=1)
def sources_digest() -> str:
    """Return a few letters that change with any file of the kernels."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


class _Announcer(event.Listener):  # type: ignore[misc]
    """Tells the user, once in a process, that the first call takes long, and how not to wait."""

    def __init__(self) -> None:
        self.has_told = False

    def on_start(self, event: Any) -> None:
        module = event.data["dispatcher"].py_func.__module__
        if module.startswith(PACKAGE) and not self.has_told:
            self.has_told = True
            logging.getLogger("ketgrad").warning(
                "ketgrad compiles its kernels for this machine, which takes half a minute, once; "
                "`ketgrad warmup` does it ahead"
            )

    def on_end(self, event: Any) -> None:
        """Nothing to tell."""


event.register("numba:compile", _Announcer())


@dataclass(frozen=True)
class KernelRecord:
    """What has become of the kernels in this process so far; a kernel counts once for each set of types."""

    compiled: int
    loaded: int
    """How many came from the cache; those inside another kernel come with it, and are not counted."""
    folders: tuple[str, ...]
    """Where they are kept; nothing where they can't be."""


def kernel_record() -> KernelRecord:
    """Count the kernels that were compiled, and those that were loaded from the cache."""
    stats = [kernel.stats for kernel in _kernels()]
    return KernelRecord(
        sum(sum(kernel.cache_misses.values()) for kernel in stats),
        sum(sum(kernel.cache_hits.values()) for kernel in stats),
        tuple(sorted({kernel.cache_path for kernel in stats if kernel.cache_path is not None})),
    )


def _kernels() -> Iterator[Any]:
    """Yield each kernel that Python calls once, however many modules use it."""
    modules = [module for name, module in sys.modules.items() if name.startswith(PACKAGE)]
    found = {id(value): value for module in modules for value in vars(module).values()}
    dispatchers = (value for value in found.values() if isinstance(value, CPUDispatcher))
    return (kernel for kernel in dispatchers if not kernel.targetoptions.get("no_cpython_wrapper"))


def _probe() -> None:
    """Lie beside the kernels, so that numba looks for the same folders."""
