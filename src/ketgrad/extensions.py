"""What belongs to a framework and is imported on first use: layers and optimizers, found through entry points.

An entry point of the group "ketgrad.nn" or "ketgrad.optimize" puts its object into the module of that name, so that
another distribution can add its own.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from ketgrad.errors import MissingFrameworkError

EXTRAS = ("torch", "jax", "tensorflow", "keras", "flax", "optax", "scipy")
"""The frameworks that are extras of ketgrad under their own names."""


def names(group: str) -> tuple[str, ...]:
    """Return the names that installed distributions provide in a group, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=group)}))


def attribute_of(group: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module whose further attributes are the entry points of a group."""

    def attribute(name: str) -> Any:
        for point in entry_points(group=group, name=name):
            try:
                return point.load()
            except ModuleNotFoundError as error:
                raise missing_framework(f"{group}.{name}", error) from error
        raise AttributeError(f"module {group!r} has no attribute {name!r}")

    return attribute


def missing_framework(user: str, error: ModuleNotFoundError) -> MissingFrameworkError:
    """Return the error that names what a part of ketgrad lacks and how to install it."""
    lacking = (error.name or "").partition(".")[0]
    remedy = f"ketgrad[{lacking}]" if lacking in EXTRAS else lacking
    return MissingFrameworkError(
        f"{user} needs {lacking}, which is not installed; run: pip install '{remedy}'", name=error.name
    )
