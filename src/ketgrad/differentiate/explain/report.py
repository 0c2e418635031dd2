"""What `explain_gradients` returns: elements with their numbers and verdicts, gathered by parameter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ketgrad.differentiate.explain.places import Cut
from ketgrad.differentiate.explain.verdicts import IN_THE_GRAPH, Verdict
from ketgrad.errors import GradientError, InvalidValueError

SEVERITY = tuple(Verdict)


@dataclass(frozen=True)
class ElementReport:
    """One number: where it is in its parameter, its value, the two gradients and the verdict."""

    index: tuple[int, ...]
    value: complex
    autodiff: complex | None
    finite_difference: complex | None
    """None for an integer, which can't be moved by a small step."""
    verdict: Verdict


@dataclass(frozen=True)
class ParameterReport:
    """One parameter."""

    name: str
    shape: tuple[int, ...]
    elements: tuple[ElementReport, ...]
    """Those that were looked at: all, unless there are more than `max_elements`."""
    cuts: tuple[Cut, ...] = ()
    """What cut it from the graph, where it is detached or partly so."""
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst verdict on any of its elements."""
        return max((element.verdict for element in self.elements), key=SEVERITY.index)

    @property
    def is_connected(self) -> bool:
        """Whether every gradient is there and right, if perhaps zero."""
        return all(element.verdict in IN_THE_GRAPH for element in self.elements)

    def with_verdict(self, verdict: Verdict) -> list[ElementReport]:
        """Return the elements that have this verdict."""
        return [element for element in self.elements if element.verdict == verdict]


@dataclass(frozen=True, repr=False)
class GradientReport:
    """Why each parameter has the gradient that it has; a table in a terminal and in a notebook.

    Examples
    --------
    >>> import ketgrad as kg
    >>> report = kg.explain_gradients(lambda x, y: x * x, 3.0, 1.0)
    >>> report["x"].verdict, report["y"].verdict
    (<Verdict.CONNECTED: 'connected'>, <Verdict.UNUSED: 'unused'>)
    >>> report.assert_connected("x")
    """

    value: float
    """The function's value at the point."""
    parameters: tuple[ParameterReport, ...]
    remark: str = ""
    """What holds of the function as a whole."""

    @property
    def names(self) -> dict[str, ParameterReport]:
        """The parameters by their names."""
        return {parameter.name: parameter for parameter in self.parameters}

    def __getitem__(self, name: str) -> ParameterReport:
        if name not in self.names:
            raise InvalidValueError(f"no parameter is named {name!r}; there are {', '.join(self.names)}")
        return self.names[name]

    def __iter__(self) -> Iterator[ParameterReport]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    def assert_connected(self, *names: str) -> None:
        """Raise unless every gradient is there and right; zeros by symmetry and barren plateaus pass.

        Parameters
        ----------
        names
            The parameters to look at; all, if none is named.

        Raises
        ------
        GradientError
            Naming those that are unused, detached, partly detached or not finite, and why.
        InvalidValueError
            If no parameter has one of the names.

        Examples
        --------
        >>> import ketgrad as kg
        >>> kg.explain_gradients(lambda x, y: 2 * x, 3.0, 1.0).assert_connected()
        Traceback (most recent call last):
            ...
        ketgrad.errors.GradientError: y is unused: the result does not change with it, here and at 3 points nearby
        """
        from ketgrad.differentiate.explain.sentences import sentences

        chosen = [self[name] for name in names] if names else self.parameters
        broken = [parameter for parameter in chosen if not parameter.is_connected]
        if broken:
            raise GradientError("; ".join(line for parameter in broken for line in sentences(parameter)))

    def __repr__(self) -> str:
        # Imported where it is needed: rich takes longer to import than a small circuit to run.
        from ketgrad.differentiate.explain.show import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from ketgrad.differentiate.explain.html import as_html

        return as_html(self)
