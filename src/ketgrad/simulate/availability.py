"""Which engine runs a program: whether numba is there to compile the kernels, and whether they suit the program."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Literal, TypeAlias

from ketgrad.engine import Engine
from ketgrad.errors import KernelWarning, MissingFrameworkError, UnsupportedError
from ketgrad.protocol import Array, ArrayBackend, Capability
from ketgrad.simulate.program import Program
from ketgrad.warning import warn_user

RunningEngine: TypeAlias = Literal["traced", "compiled"]


def engine_for(backend: ArrayBackend, program: Program, wanted: Engine, arrays: Iterable[Array]) -> RunningEngine:
    """Return the engine that runs a program with these arrays beside those in its gates.

    Raises
    ------
    UnsupportedError
        If the compiled engine is wanted, and can't run it.
    MissingFrameworkError
        If the compiled engine is wanted, and its kernels can't be compiled.
    """
    if wanted == "compiled":
        _check_compiled(backend, program)
        return "compiled"
    return "compiled" if wanted == "auto" and _suits_compiled(backend, program, arrays) else "traced"


def _suits_compiled(backend: ArrayBackend, program: Program, arrays: Iterable[Array]) -> bool:
    """Tell whether a program can run on the compiled engine, and its arrays are where that runs."""
    if program.is_mixed or Capability.HOST_FUNCTION not in backend.capabilities:
        return False
    everything = [*arrays, *program.recipe.native_arrays(backend)]
    devices = {backend.device(array) or backend.devices()[0] for array in everything} or {backend.devices()[0]}
    return all(device.startswith("cpu") for device in devices) and kernels_available()


def _check_compiled(backend: ArrayBackend, program: Program) -> None:
    """Refuse what the compiled engine does not run, and all where its kernels can't be compiled."""
    if program.is_mixed:
        raise UnsupportedError(
            'the compiled engine has no noise; give engine="traced", gradient="backprop" in place of "adjoint", or '
            "trajectories"
        )
    if Capability.HOST_FUNCTION not in backend.capabilities:
        raise UnsupportedError(
            f'the {backend.name} backend runs nothing outside of it, so not the compiled engine; give engine="traced"'
        )
    check_kernels()


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
