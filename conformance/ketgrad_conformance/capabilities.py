"""What a test needs of a backend, and the two-sided rule that follows from it.

A capability that is declared must work. One that is not declared must be refused with `UnsupportedError`: a test
that passes without it fails, since whoever reads the declaration would be misled either way.

Where a test needs several, lacking any one of them is enough for a refusal, whichever member says it. That the right
member refuses is left to the tests that need one capability only; every capability has such tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from ketgrad.errors import UnsupportedError
from ketgrad.protocol import Capability

IMPLIED = {
    Capability.COMPLEX_AUTODIFF: frozenset({Capability.AUTODIFF}),
    Capability.HIGHER_ORDER: frozenset({Capability.AUTODIFF}),
}
"""What a backend must declare too, where it declares one of these."""

Errors = type[Exception] | tuple[type[Exception], ...]


def requires(*capabilities: Capability | str, refusal: Errors = UnsupportedError) -> pytest.MarkDecorator:
    """Mark a test with the capabilities it needs, and the errors that count as a refusal where one is missing.

    Parameters
    ----------
    capabilities
        Members of `Capability`, or their values.
    refusal
        `UnsupportedError`; a test of `value_and_grad(..., fallback="error")`, which works without any capability
        but not without finite differences, adds `GradientError`.
    """
    return pytest.mark.requires(*map(Capability, capabilities), refusal=refusal)


def covers(*members: str) -> pytest.MarkDecorator:
    """Mark a test with the members of `ArrayBackend` that it would catch being wrong."""
    return pytest.mark.covers(*members)


@dataclass(frozen=True)
class Need:
    """What one test needs."""

    capabilities: tuple[Capability, ...]
    refusal: Errors

    @classmethod
    def of(cls, item: pytest.Item) -> Need:
        """Read the marks of a test."""
        mark = item.get_closest_marker("requires")
        return cls(mark.args, mark.kwargs["refusal"]) if mark else cls((), UnsupportedError)

    def missing(self, declared: Iterable[Capability]) -> tuple[Capability, ...]:
        """Return those of the needed capabilities that are not declared."""
        return tuple(name for name in self.capabilities if name not in frozenset(declared))


@contextmanager
def refused(missing: tuple[Capability, ...], refusal: Errors) -> Iterator[None]:
    """Fail unless the block raises a refusal."""
    names = ", ".join(missing)
    try:
        yield
    except refusal:
        return
    except Exception as error:  # whatever else it raises is no refusal, and fails the test under its name
        raise AssertionError(
            f"{names} not declared: must raise UnsupportedError, but raised {type(error).__name__}"
        ) from error
    raise AssertionError(f"{names} not declared, but works; declare it or raise UnsupportedError")
