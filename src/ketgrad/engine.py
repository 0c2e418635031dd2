"""The engine in force: which of the two simulators runs circuits where a call does not say it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Literal, get_args

from ketgrad.errors import InvalidValueError
from ketgrad.settings import Setting

Engine = Literal["auto", "traced", "compiled"]

ENGINES: tuple[Engine, ...] = get_args(Engine)

_engine: Setting[Engine] = Setting("ketgrad_engine", "auto")


def set_engine(engine: Engine) -> None:
    """Set the engine of every circuit that runs from now on, in every thread, but of functions made with their own.

    Parameters
    ----------
    engine
        "compiled": kernels on the processor, which differentiate once; "traced": the one written against the protocol;
        "auto" (the default): the compiled one where it runs, and the traced one for noise, other devices and further
        derivatives.

    Raises
    ------
    InvalidValueError
        If it is none of these; the engine stays as it was.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.set_engine("traced")
    >>> kg.get_engine()
    'traced'
    >>> kg.set_engine("auto")
    """
    _engine.set(checked_engine(engine))


def get_engine() -> Engine:
    """Return the engine in force, "auto", "traced" or "compiled"."""
    return _engine.get()


def use_engine(engine: Engine) -> AbstractContextManager[Engine]:
    """Use an engine inside a `with` block, which restores the one before it, on exceptions too.

    Examples
    --------
    >>> import ketgrad as kg
    >>> with kg.use_engine("traced"):
    ...     kg.Circuit(1).x(0).expectation(kg.Z(0)).tolist()
    -1.0
    """
    return _engine.override(checked_engine(engine))


def checked_engine(engine: Any) -> Engine:
    """Return an engine's name if it is one."""
    if engine in ENGINES:
        found: Engine = engine
        return found
    raise InvalidValueError(f"engine {engine!r} is not known; give one of {', '.join(ENGINES)}")
