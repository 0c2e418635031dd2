"""Barren plateaus: where every gradient is tiny almost everywhere.

The variance of each gradient over random angles then falls exponentially with the number of qubits. Reference:
J. R. McClean et al., "Barren plateaus in quantum neural network training landscapes", Nature Communications 9, 4812
(2018), arXiv:1803.11173.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ketgrad.differentiate.explain.automatic import automatic_gradients
from ketgrad.differentiate.explain.points import Point, arrays_at
from ketgrad.differentiate.explain.report import ElementReport, GradientReport, ParameterReport
from ketgrad.differentiate.explain.subject import Subject
from ketgrad.differentiate.explain.verdicts import Verdict

TINY_VARIANCE = 1e-6
"""A standard deviation of 1e-3, which it takes about a million shots to tell from zero."""
SMALL_GRADIENT = 1e-3
"""The same deviation: where a gradient at hand is larger, the function is not worth a search for a plateau."""
SAMPLES = 20


def with_barren_verdicts(report: GradientReport, subject: Subject, samples: int, seed: int) -> GradientReport:
    """Return the report with the largest variance in a remark, and "barren" as the verdict if it is tiny."""
    largest = _largest_variance(subject, samples, seed)
    if largest is None:
        return report
    is_barren = largest < TINY_VARIANCE
    relation = f"below {TINY_VARIANCE:g}, a barren plateau (arXiv:1803.11173)" if is_barren else "no barren plateau"
    remark = f"The largest variance of a gradient over {samples} random points in [0, 2π) is {largest:.3g}: {relation}."
    parameters = tuple(map(_barren, report.parameters)) if is_barren else report.parameters
    return replace(report, parameters=parameters, remark=remark)


def looks_barren(report: GradientReport) -> bool:
    """Tell whether there are gradients, all of them small."""
    found = [e.autodiff for parameter in report for e in parameter.elements if e.autodiff is not None]
    return bool(found) and max(map(abs, found)) < SMALL_GRADIENT


def _largest_variance(subject: Subject, samples: int, seed: int) -> float | None:
    point = Point.of(subject)
    drawn = [automatic_gradients(subject, arrays_at(subject, point.random_angles(seed + k))) for k in range(samples)]
    per_parameter = [[found.gradient for found in column] for column in zip(*drawn, strict=True)]
    known = [np.stack(column) for column in per_parameter if all(g is not None for g in column)]
    variances = [float(np.max(np.var(gradients, axis=0, ddof=1))) for gradients in known if gradients.size]
    return max(variances, default=None)


def _barren(parameter: ParameterReport) -> ParameterReport:
    return replace(parameter, elements=tuple(map(_barren_element, parameter.elements)))


def _barren_element(element: ElementReport) -> ElementReport:
    is_in_question = element.verdict in (Verdict.CONNECTED, Verdict.ZERO)
    return replace(element, verdict=Verdict.BARREN) if is_in_question else element
