"""Which variable of a Keras model has which metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ketgrad.errors import InvalidTypeError, InvalidValueError


@dataclass
class Metrics:
    """Metrics of variables, in an object of its own: containers in an optimizer would be taken to pieces by Keras."""

    pairs: list[tuple[Any, Any]]
    found: dict[int, Any] = field(default_factory=dict)
    """The metric for the place of a variable among those of the optimizer."""

    @classmethod
    def of(cls, metrics: Any) -> Metrics:
        """Return what was given as metrics, checked."""
        pairs = [] if metrics is None else list(metrics.items() if isinstance(metrics, Mapping) else metrics)
        for pair in pairs:
            if (
                not isinstance(pair, list | tuple)
                or len(pair) != 2
                or not (isinstance(pair[0], str) or _is_named(pair[0]))
            ):
                raise InvalidTypeError(
                    f"metrics has {pair!r}; give a mapping from names of variables to functions of their values, or a "
                    "list of pairs of a variable and such a function"
                )
            if not (callable(pair[1]) or hasattr(pair[1], "shape")):
                raise InvalidTypeError(
                    f"the metric of {_name(pair[0])} is a {type(pair[1]).__name__}; give a function of the variable's "
                    "value, or a tensor"
                )
        return cls(pairs)

    def find(self, variables: Sequence[Any]) -> None:
        """Look for the variable of each metric, exactly one."""
        for key, metric in self.pairs:
            places = [place for place, variable in enumerate(variables) if _is_meant(key, variable)]
            if len(places) != 1:
                raise InvalidValueError(
                    f"metrics names {_name(key)}, which {'several variables are' if places else 'no variable is'}; "
                    f"those that are trained are {', '.join(_name(variable) for variable in variables)}"
                )
            self.found[places[0]] = metric

    def names(self) -> list[str]:
        """Return the name of each variable that has a metric."""
        return [_name(key) for key, _ in self.pairs]


@dataclass(frozen=True)
class Unsaved:
    """Stands where a function was, in an optimizer that comes from a file."""

    name: str

    def __call__(self, value: Any) -> NoReturn:
        raise InvalidValueError(
            f"the metric of {self.name} is a function, which is not saved with a model; set optimizer.metrics again "
            "before training goes on"
        )


def _is_named(key: Any) -> bool:
    return hasattr(key, "name") and hasattr(key, "shape")


def _name(variable: Any) -> str:
    return variable if isinstance(variable, str) else getattr(variable, "path", variable.name)


def _is_meant(key: Any, variable: Any) -> bool:
    if not isinstance(key, str):
        return key is variable
    return key == variable.name or f"/{_name(variable)}".endswith(f"/{key}")
