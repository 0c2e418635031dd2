"""The latest runs, with the states that they left, so that the backward sweep after one need not run the circuit again.

A state is a function of the plan and its inputs, so one that is found under the same inputs is the right one, whoever
left it. Whoever takes one has it alone, as the sweep works in place.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

COUNT = 4
"""As many runs as one loss is likely to be made of."""

SIZE = 1 << 28
"""The bytes of all states together; those of a larger one are computed twice."""

INPUT_SIZE = 1 << 16
"""Inputs with more elements, such as initial states, cost more to compare than they save."""


def room_taken(size: int) -> int:
    """Return the bytes that states of this size take, where one run follows another: one, or as many as are kept."""
    return max(size, min(COUNT * size, SIZE))


class LastRuns:
    """A few runs by plan and inputs, the oldest one going first."""

    def __init__(self) -> None:
        self._kept: dict[Any, tuple[Any, Any]] = {}
        """Runs by the identity of their plan and their inputs, with the plan, whose identity no other has meanwhile."""
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        # Another thread may have held the lock when the process was forked; that thread is not here to let go of it.
        self._lock = threading.Lock()

    def keep(self, plan: Any, inputs: Sequence[Any], run: Any) -> None:
        if not _is_worth_keeping(inputs, run.states.nbytes):
            return
        key = _key(plan, inputs)
        with self._lock:
            self._kept.setdefault(key, (plan, run))
            while len(self._kept) > COUNT or self._size() > SIZE:
                self._drop_oldest()

    def make_room(self, inputs: Sequence[Any], size: int) -> None:
        """Let go ahead of what a run, whose states have this size, drives out when it is kept."""
        if not _is_worth_keeping(inputs, size):
            return
        with self._lock:
            while self._kept and (len(self._kept) >= COUNT or self._size() + size > SIZE):
                self._drop_oldest()

    def take(self, plan: Any, inputs: Sequence[Any]) -> Any:
        """Return the run with these inputs, or None; nobody else has it from now on."""
        if not _is_worth_keeping(inputs, 0):
            return None
        key = _key(plan, inputs)
        with self._lock:
            return self._kept.pop(key, (plan, None))[1]

    def clear(self) -> None:
        """Let go of all runs."""
        with self._lock:
            self._kept.clear()

    def _drop_oldest(self) -> None:
        del self._kept[next(iter(self._kept))]

    def _size(self) -> int:
        return sum(run.states.nbytes for _, run in self._kept.values())


def _is_worth_keeping(inputs: Sequence[Any], size: int) -> bool:
    return size <= SIZE and sum(array.size for array in inputs) <= INPUT_SIZE


def _key(plan: Any, inputs: Sequence[Any]) -> Any:
    return id(plan), *((array.dtype, array.shape, array.tobytes()) for array in inputs)
