"""Whether the compiled engine can run at all: whether numba, which compiles its kernels, can be imported."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from ketgrad.errors import KernelWarning, MissingFrameworkError
from ketgrad.warning import warn_user


@lru_cache(maxsize=1)
def kernels_available() -> bool:
    """Tell whether the compiled engine can run; warn, once in a process, where it can't."""
    problem = kernels_problem()
    if problem is not None:
        warn_user(f"circuits run on the traced engine, for {problem}", KernelWarning)
    return problem is None


def check_kernels() -> None:
    """Refuse the compiled engine where it can't run."""
    problem = kernels_problem()
    if problem is not None:
        raise MissingFrameworkError(problem, name="numba")


@lru_cache(maxsize=1)
def kernels_problem() -> str | None:
    """Return what keeps numba from being imported, and how to mend it; None where nothing does."""
    try:
        import_module("ketgrad.simulate.kernels.caching")
    except ImportError as error:  # numba raises it also where NumPy is too new for it
        return f"the compiled engine needs numba, which cannot be imported ({error}); run: pip install numba"
    return None
