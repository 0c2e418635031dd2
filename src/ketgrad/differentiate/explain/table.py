"""The report as rows of text, for a terminal and for a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from ketgrad.differentiate.explain.report import ElementReport, GradientReport, ParameterReport
from ketgrad.differentiate.explain.sentences import SHOWN, groups, label
from ketgrad.differentiate.explain.verdicts import Verdict

HEADINGS = ("parameter", "value", "autodiff", "finite difference", "verdict")


def rows(report: GradientReport) -> list[tuple[Verdict, tuple[str, ...]]]:
    """Return the verdict and the cells of each row: one for each verdict that a parameter's elements have."""
    return [
        (verdict, _cells(parameter, verdict, elements))
        for parameter in report
        for verdict, elements in groups(parameter)
    ]


def _cells(parameter: ParameterReport, verdict: Verdict, elements: Sequence[ElementReport]) -> tuple[str, ...]:
    return (
        label(parameter, elements),
        _numbers([element.value for element in elements]),
        _numbers([element.autodiff for element in elements]),
        _numbers([element.finite_difference for element in elements]),
        str(verdict),
    )


def _numbers(values: Sequence[complex | None]) -> str:
    shown = ["none" if value is None else f"{value:.4g}" for value in values[:SHOWN]]
    if set(shown) == {"none"}:
        return "none"
    return ", ".join(shown) + (", …" if len(values) > SHOWN else "")
