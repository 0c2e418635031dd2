"""The list of wrong backends."""

from collections.abc import Callable
from dataclasses import dataclass

from ketgrad_backends.numpy import NumpyBackend


@dataclass(frozen=True)
class Mutant:
    """A wrong backend, what is wrong with it, and a test that must fail on it."""

    backend: type[NumpyBackend]
    fault: str
    caught_by: str


MUTANTS: dict[str, Mutant] = {}


def caught_by(test: str) -> Callable[[type[NumpyBackend]], type[NumpyBackend]]:
    """Enter a wrong backend in the list; its docstring says what is wrong."""

    def enter(backend: type[NumpyBackend]) -> type[NumpyBackend]:
        MUTANTS[backend.__name__] = Mutant(backend, backend.__doc__ or "", test)
        return backend

    return enter
