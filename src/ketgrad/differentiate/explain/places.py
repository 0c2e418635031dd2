"""Whose line made a call: the innermost one that belongs neither to ketgrad nor to anything installed."""

from __future__ import annotations

import linecache
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from ketgrad.warning import PACKAGES

INSTALLED = tuple(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib"))


@dataclass(frozen=True)
class Place:
    """A line of a program."""

    file: str
    line: int
    function: str

    @property
    def source(self) -> str:
        """The text of the line; empty where the file can't be read any more."""
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        path = Path(self.file)
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        return f"{shown}:{self.line}"


@dataclass(frozen=True)
class Cut:
    """What took an array out of the framework's graph, and the user's line that did it, where that is known."""

    how: str
    place: Place | None = None


def place_of_call(caller: FrameType | None, framework: str, wrappers: tuple[str, ...] = ()) -> Place | None:
    """Return the user's line behind a call of a framework's function, or None where a library called it unasked.

    Libraries cut their own intermediate results on purpose, as log-sum-exp does with the largest term. A call counts as
    the user's if nothing lies between but modules that only hand it on (`wrappers`) and members of a backend.
    """
    frame = caller
    while frame is not None and _module(frame).startswith(wrappers):
        frame = frame.f_back
    entry = None
    while frame is not None and _is_ketgrad(frame):
        entry, frame = frame, frame.f_back
    is_members_own = entry is None or _module(entry).startswith("ketgrad_backends")
    if frame is None or not is_members_own or _module(frame).partition(".")[0] == framework:
        return None
    return _users((inner, inner.f_lineno) for inner in _outwards(frame))


def place_of_error(error: BaseException) -> Place | None:
    """Return the innermost line of the user's that an exception passed through."""
    steps: list[tuple[FrameType, int]] = []
    step: TracebackType | None = error.__traceback__
    while step is not None:
        if not _is_ketgrad(step.tb_frame):
            steps.insert(0, (step.tb_frame, step.tb_lineno))
        step = step.tb_next
    return _users(steps) if steps else None


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Walk out as far as ketgrad's own call of the function."""
    while frame is not None and not _is_ketgrad(frame):
        yield frame
        frame = frame.f_back


def _users(steps: Iterable[tuple[FrameType, int]]) -> Place:
    """Return the first line that is not installed; else the first, because the function itself may be installed."""
    found = list(steps)
    frame, line = next((step for step in found if not _is_installed(step[0])), found[0])
    return Place(frame.f_code.co_filename, line, frame.f_code.co_name)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_ketgrad(frame: FrameType) -> bool:
    # A line typed in a doctest of ours is a user's.
    return _module(frame).partition(".")[0] in PACKAGES and not frame.f_code.co_filename.startswith("<doctest")


def _is_installed(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith((*INSTALLED, "<frozen")) or "site-packages" in name or "dist-packages" in name
