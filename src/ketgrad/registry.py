"""Which backends there are, which one is in force, and how it is changed.

Backends are found through the entry-point group "ketgrad.backends", so that one from another distribution is known
by its name as soon as it is installed. An entry point names a callable that returns an `ArrayBackend`; for a name
with a colon, such as "autoray:dask", what follows the colon is its argument.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from inspect import signature
from typing import Any

from ketgrad.errors import InvalidTypeError, MissingFrameworkError, UnknownBackendError
from ketgrad.extensions import missing_framework
from ketgrad.protocol import PROTOCOL_MEMBERS, ArrayBackend
from ketgrad.settings import Setting

GROUP = "ketgrad.backends"
ALIASES = {"np": "numpy", "torch": "pytorch", "tf": "tensorflow"}
DEFAULT = "numpy"

_backend: Setting[ArrayBackend | None] = Setting("ketgrad_backend", None)


@dataclass(frozen=True)
class BackendInfo:
    """What `available_backends` tells of one backend; version, devices and capabilities need it installed."""

    name: str
    installed: bool
    library_version: str = ""
    devices: tuple[str, ...] = ()
    capabilities: frozenset[str] = frozenset()
    problem: str = ""


def set_backend(backend: str | ArrayBackend) -> ArrayBackend:
    """Choose the array framework that ketgrad works in from now on, in every thread.

    Parameters
    ----------
    backend
        A name ("numpy", "pytorch", "jax", "tensorflow", an alias of these, or the name of any other installed
        backend), or a backend itself. Inside `use_backend` it changes the backend of that block.

    Returns
    -------
    ArrayBackend
        The backend now in force.

    Raises
    ------
    UnknownBackendError
        If nothing installed provides the name. The backend stays as it was, here and in the cases below.
    MissingFrameworkError
        If the backend is known, but its framework is not installed.
    InvalidTypeError
        If it is neither a name nor a backend.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.set_backend("np").name
    'numpy'
    """
    chosen = resolve(backend)
    _backend.set(chosen)
    return chosen


@contextmanager
def use_backend(backend: str | ArrayBackend) -> Iterator[ArrayBackend]:
    """Use a backend inside a `with` block, which restores the one before it, on exceptions too.

    Examples
    --------
    >>> import ketgrad as kg
    >>> with kg.use_backend("numpy") as backend:
    ...     backend.name
    'numpy'
    """
    chosen = resolve(backend)
    with _backend.override(chosen):
        yield chosen


def get_backend() -> ArrayBackend:
    """Return the backend in force; NumPy's, until another is chosen."""
    return _backend.get() or resolve(DEFAULT)


def available_backends() -> dict[str, BackendInfo]:
    """Describe every known backend, installed or not.

    Returns
    -------
    dict
        For each name whether its framework is installed, its version, its devices and its capabilities.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.available_backends()["numpy"].installed
    True
    """
    return {name: _describe(name) for name in backend_names()}


def backend_names() -> tuple[str, ...]:
    """Return the names that installed distributions provide, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def resolve(backend: str | ArrayBackend) -> ArrayBackend:
    """Return the backend of a name, or check that what was given is one."""
    if isinstance(backend, _LiveBackend):
        return get_backend()
    if not isinstance(backend, str):
        return _checked(backend, repr(backend))
    name, _, argument = backend.strip().lower().partition(":")
    return _load(ALIASES.get(name, name), argument)


@cache
def _load(name: str, argument: str) -> ArrayBackend:
    factory = _imported(name, _entry_point(name))
    if not argument:
        return _checked(factory(), name)
    if not signature(factory).parameters:
        raise UnknownBackendError(
            f"backend {name!r} takes nothing after a colon, got {argument!r}; write {name!r} alone"
        )
    return _checked(factory(argument), name)


def _entry_point(name: str) -> EntryPoint:
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point
    aliases = ", ".join(f"{alias} for {target}" for alias, target in ALIASES.items())
    raise UnknownBackendError(
        f"backend {name!r} is not known; installed backends: {', '.join(backend_names()) or 'none'} "
        f"(aliases: {aliases})"
    )


def _imported(name: str, point: EntryPoint) -> Any:
    try:
        return point.load()
    except ModuleNotFoundError as error:
        raise missing_framework(f"backend {name!r}", error) from error


def _checked(backend: Any, label: str) -> ArrayBackend:
    if isinstance(backend, type):
        raise InvalidTypeError(f"{label} is a class; give a backend, that is an instance of it")
    missing = [member for member in PROTOCOL_MEMBERS if not hasattr(backend, member)]
    if missing:
        raise InvalidTypeError(f"{label} is no backend: it lacks {', '.join(missing[:5])}")
    return backend


def _describe(name: str) -> BackendInfo:
    try:
        backend = _load(name, "")
    except MissingFrameworkError as error:
        return BackendInfo(name, installed=False, problem=str(error))
    return BackendInfo(name, True, backend.library_version, backend.devices(), frozenset(backend.capabilities))


class _LiveBackend:
    """The backend in force, looked up at each use, so that a name imported once never goes stale."""

    def __getattr__(self, member: str) -> Any:
        return getattr(get_backend(), member)

    def __repr__(self) -> str:
        return f"<ketgrad.backend: {get_backend().name}>"


backend: Any = _LiveBackend()
