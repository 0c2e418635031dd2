"""The verdicts in words, one sentence for all elements of a parameter that share one."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

from ketgrad.differentiate.explain.places import Cut
from ketgrad.differentiate.explain.report import ElementReport, GradientReport, ParameterReport
from ketgrad.differentiate.explain.verdicts import Verdict

OTHER_POINTS = (1, 2, 3)
"""Seeds of the points at which an element without a slope is moved."""
SHOWN = 3
LONGEST_SOURCE = 80
REASONS = {
    Verdict.ZERO: "the point is stationary or symmetric in it, and larger changes of it change the result",
    Verdict.BARREN: "like every gradient of the function it is tiny over random points",
    Verdict.KINK: "the slopes on its two sides differ, so there is no derivative to compare with",
    Verdict.UNUSED: f"the result does not change with it, here and at {len(OTHER_POINTS)} points nearby",
    Verdict.DETACHED: "it changes the result, but automatic differentiation finds no path from it",
}


def report_sentences(report: GradientReport) -> list[str]:
    """Return all that a table leaves unsaid."""
    lines = [line for parameter in report for line in sentences(parameter)]
    notes = [f"{parameter.name}: {parameter.note}" for parameter in report if parameter.note]
    return [*lines, *notes, *filter(None, [report.remark])]


def sentences(parameter: ParameterReport) -> list[str]:
    """Return one sentence for each verdict on a parameter other than that it is connected."""
    return [
        f"{_subject(parameter, verdict, elements)} {verdict}: {_reason(parameter, verdict, elements)}"
        for verdict, elements in groups(parameter)
        if verdict is not Verdict.CONNECTED
    ]


def groups(parameter: ParameterReport) -> list[tuple[Verdict, list[ElementReport]]]:
    """Return the elements of each verdict that occurs."""
    found = [(verdict, parameter.with_verdict(verdict)) for verdict in Verdict]
    return [(verdict, elements) for verdict, elements in found if elements]


def label(parameter: ParameterReport, elements: Sequence[ElementReport]) -> str:
    """Name some elements of a parameter, or the parameter where that is all of it."""
    if len(elements) == len(parameter.elements):
        return parameter.name
    names = [f"{parameter.name}{list(element.index)}" for element in elements[:SHOWN]]
    rest = len(elements) - len(names)
    return ", ".join(names) + (f" and {rest} more" if rest else "")


def _subject(parameter: ParameterReport, verdict: Verdict, elements: Sequence[ElementReport]) -> str:
    named = label(parameter, elements)
    if verdict in (Verdict.UNUSED, Verdict.PARTLY_DETACHED, Verdict.DETACHED):
        return f"{named} {'is' if named == parameter.name or len(elements) == 1 else 'are'}"
    return f"the gradient by {named} is"


def _reason(parameter: ParameterReport, verdict: Verdict, elements: Sequence[ElementReport]) -> str:
    is_cut = verdict in (Verdict.DETACHED, Verdict.PARTLY_DETACHED)
    where = "; and ".join(map(_cut, parameter.cuts[:SHOWN])) if is_cut else ""
    if verdict in (Verdict.PARTLY_DETACHED, Verdict.NOT_FINITE):
        return _both_numbers(elements[0]) + (f", because of {where}" if where else "")
    return where or REASONS[verdict]


def _both_numbers(element: ElementReport) -> str:
    found, difference = (
        "none" if number is None else f"{number:.6g}" for number in (element.autodiff, element.finite_difference)
    )
    return f"automatic differentiation gives {found}, finite differences {difference}"


def _cut(cut: Cut) -> str:
    if cut.place is None:
        return cut.how
    source = f": {shorten(cut.place.source, LONGEST_SOURCE)}" if cut.place.source else ""
    return f"{cut.how} in {cut.place.function}, {cut.place}{source}"
