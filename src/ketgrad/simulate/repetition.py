"""Equal stretches, one after the other, in a sequence."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

FEWEST = 8
"""How often a stretch comes at least; fewer layers compile fast enough as they are."""

CANDIDATES = 16
"""How many of the next places with the same element are tried as the beginning of the second stretch."""


@dataclass(frozen=True)
class Repetition:
    """A stretch of `period` elements that begins at `start` and comes `count` times."""

    start: int
    period: int
    count: int

    @property
    def end(self) -> int:
        return self.start + self.period * self.count


def repetitions(elements: Sequence[Hashable]) -> list[Repetition]:
    """Return stretches that come `FEWEST` times or more, in order, none of them overlapping.

    From each place on the stretch is taken that covers most, the shortest of those.
    """
    numbers: dict[Hashable, int] = {}
    codes = [numbers.setdefault(element, len(numbers)) for element in elements]
    following = _following(codes)
    found: list[Repetition] = []
    start = 0
    while start < len(codes):
        periods = (place - start for place in islice(_chain(following, start), CANDIDATES))
        tried = [Repetition(start, period, _count(codes, start, period)) for period in periods]
        best = max(tried, key=lambda each: each.end, default=None)
        if best is None or best.count < FEWEST:
            start += 1
        else:
            found.append(best)
            start = best.end
    return found


def _following(codes: Sequence[int]) -> list[int | None]:
    """Return for each place the next one with the same element."""
    latest: dict[int, int] = {}
    result: list[int | None] = [None] * len(codes)
    for place in reversed(range(len(codes))):
        result[place] = latest.get(codes[place])
        latest[codes[place]] = place
    return result


def _chain(following: Sequence[int | None], place: int) -> Iterator[int]:
    """Yield the places with the same element after one."""
    after = following[place]
    while after is not None:
        yield after
        after = following[after]


def _count(codes: Sequence[int], start: int, period: int) -> int:
    """Return how often a stretch comes, 0 where the rest is too short for the fewest times."""
    if start + FEWEST * period > len(codes):
        return 0
    stretch, count = codes[start : start + period], 1
    while codes[start + count * period : start + (count + 1) * period] == stretch:
        count += 1
    return count
