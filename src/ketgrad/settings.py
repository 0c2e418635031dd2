"""A setting with a process-wide default and a context-local override."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")


class Setting(Generic[T]):
    """One value that `set` changes everywhere and `override` changes for a while.

    `set` is seen by every thread, those started by a framework included; inside `override` it changes
    the overriding value alone, so that the end of the block restores what was there before.
    """

    def __init__(self, name: str, default: T) -> None:
        self._default = default
        self._override: ContextVar[T] = ContextVar(name)

    def get(self) -> T:
        return self._override.get(self._default)

    def set(self, value: T) -> None:
        try:
            self._override.get()
        except LookupError:
            self._default = value
        else:
            self._override.set(value)

    @contextmanager
    def override(self, value: T) -> Iterator[T]:
        token = self._override.set(value)
        try:
            yield value
        finally:
            self._override.reset(token)
