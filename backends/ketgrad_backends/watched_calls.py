"""Which calls of certain Python functions a piece of code makes: what explanations of gradients look for."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from ketgrad.differentiate.explain.places import Cut, place_of_call


@dataclass(frozen=True)
class Watched:
    """A function that may cut an array from the graph, and the name of the argument that it cuts."""

    function: Callable[..., Any]
    argument: str
    how: Callable[[Mapping[str, Any]], str]
    """Says in words what a call with these arguments does; "" where it cuts nothing."""

    @property
    def code(self) -> CodeType:
        plain: Any = inspect.unwrap(self.function)
        return plain.__code__


def always(words: str) -> Callable[[Mapping[str, Any]], str]:
    """Return these words whatever the arguments are."""
    return lambda _: words


def integer_type(argument: str) -> Callable[[Mapping[str, Any]], str]:
    """Say that a call converts to integers, where the argument of this name is a type of theirs."""

    def how(arguments: Mapping[str, Any]) -> str:
        name = str(getattr(arguments[argument], "name", getattr(arguments[argument], "__name__", arguments[argument])))
        return f"a conversion to {name}" if name.startswith(("int", "uint")) else ""

    return how


@dataclass(frozen=True)
class CallsSeen:
    """The user's calls, each with the value that it was given."""

    framework: str
    wrappers: tuple[str, ...] = ()
    """The framework's modules that do nothing but hand a call on."""
    found: list[tuple[Cut, Any]] = field(default_factory=list)

    def see(self, watched: Watched, frame: FrameType) -> None:
        how = watched.how(frame.f_locals)
        place = place_of_call(frame.f_back, self.framework, self.wrappers) if how else None
        if place is not None:
            self.found.append((Cut(how, place), frame.f_locals[watched.argument]))

    def cuts(self, is_connected: Callable[[Any], bool]) -> tuple[Cut, ...]:
        """Return those calls that were given something which derives from the leaf in question, one for each line.

        A call may go through several functions that are watched, of which the outermost comes first.
        """
        by_line: dict[Any, Cut] = {}
        for cut, value in self.found:
            if is_connected(value):
                by_line.setdefault(cut.place, cut)
        return tuple(by_line.values())


@contextmanager
def watching(functions: tuple[Watched, ...], seen: CallsSeen) -> Iterator[None]:
    """Report calls that this thread makes; nothing while another profiler is at work, which keeps its place."""
    if sys.getprofile() is not None:
        yield
        return
    by_code = {watched.code: watched for watched in functions}

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in by_code:
            seen.see(by_code[frame.f_code], frame)

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)
