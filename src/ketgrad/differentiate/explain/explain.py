"""`kg.explain_gradients`: gradients by two means, compared element by element, and the reasons where they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ketgrad.checks import check_integer
from ketgrad.circuit_function import CircuitFunction
from ketgrad.differentiate.explain.automatic import Automatic, automatic_gradients
from ketgrad.differentiate.explain.barren import SAMPLES, looks_barren, with_barren_verdicts
from ketgrad.differentiate.explain.places import Cut
from ketgrad.differentiate.explain.points import Index, Point, arrays_at, has_effect, slopes_at, value_at
from ketgrad.differentiate.explain.report import ElementReport, GradientReport, ParameterReport
from ketgrad.differentiate.explain.sentences import OTHER_POINTS
from ketgrad.differentiate.explain.subject import Subject
from ketgrad.differentiate.explain.subjects import of_arguments, of_held_parameters
from ketgrad.differentiate.explain.verdicts import Tolerance, Verdict, verdict_of
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.randomness import drawing, random_key
from ketgrad.registry import get_backend


def explain_gradients(
    function: Callable[..., Any],
    *args: Any,
    argnums: int | Sequence[int] | None = None,
    parameters: Any = None,
    samples: int | None = None,
    seed: int = 0,
    max_elements: int = 100,
) -> GradientReport:
    """Tell for each parameter whether its gradient is there and right, and where it was cut if it is not.

    Each gradient by automatic differentiation is compared with a central difference. The function is called twice for
    each element, a few times more for those without a slope, and once more, watched, for each parameter that is cut.
    Unlike `kg.value_and_grad` it never lets finite differences stand in for a gradient.

    Parameters
    ----------
    function
        Returns one real number, the same at each call: fix its seeds, and switch dropout off. With shots it is refused.
    args
        Its arguments, at the point in question: arrays, numbers, or nested containers of them.
    argnums
        Positions of the arguments to explain; left out, all numbers with a fraction and arrays in them.
    parameters
        What the function reads without being given it: a `torch.nn.Module`, a Keras model or `tf.Module`, a mapping
        from names to parameters, or a list of them. Then these are explained, and the arguments are data. A module's
        plain tensors are listed too, because they may have been meant as parameters. While the function is called for
        differences, the parameters hold other values; they are put back.
    samples
        At how many random points in [0, 2π) to look for a barren plateau: 2 or more, or 0 for none. Left out, 20 for a
        function from `kg.function` all of whose gradients are below 1e-3, else none.
    seed
        Of the random points, and of the choice of elements.
    max_elements
        How many elements of each array to look at, chosen at random where there are more.

    Returns
    -------
    GradientReport
        Prints as a table with sentences, shows as one in a notebook; `report["theta"].verdict`, `.cuts`, `.elements`;
        `report.assert_connected()` for tests.

    Raises
    ------
    InvalidValueError, InvalidTypeError
        If the function returns no real number, or not the same one twice, or there is nothing to explain.
    UnsupportedError
        If `parameters` is given and the backend has no parameters that are held somewhere (NumPy, JAX).

    Examples
    --------
    >>> import ketgrad as kg
    >>> def energy(theta, phi):
    ...     return kg.Circuit(1).rx(theta[0], 0).rz(phi, 0).expectation(kg.Z(0))
    >>> report = kg.explain_gradients(energy, [0.5, 0.1], 0.3)
    >>> for parameter in report:
    ...     print(parameter.name, [str(element.verdict) for element in parameter.elements])
    theta[0] ['connected']
    theta[1] ['unused']
    phi ['unused']
    """
    _check(function, samples, max_elements)
    backend = get_backend()
    subject: Subject = (
        of_arguments(backend, function, args, argnums)
        if parameters is None
        else of_held_parameters(backend, function, args, parameters)
    )
    if not subject.parameters:
        raise InvalidValueError("explain_gradients found no array to explain; give floats, arrays or parameters")
    report = _Explanation(subject, max_elements, check_integer(seed, "seed")).report()
    is_automatic = samples is None and isinstance(function, CircuitFunction) and looks_barren(report)
    count = SAMPLES if is_automatic else samples or 0
    return with_barren_verdicts(report, subject, count, seed) if count else report


class _Explanation:
    """The point in question, and what is known there."""

    def __init__(self, subject: Subject, max_elements: int, seed: int) -> None:
        self.subject = subject
        self.max_elements = max_elements
        self.seed = seed
        self.point = Point.of(subject)
        arrays = arrays_at(subject, self.point)
        with drawing.override(False):
            value = subject.value(arrays)
            self.value = float(subject.backend.to_numpy(value))
            self._check_repeats()
        self.result_type = subject.backend.dtype(value)
        self.automatic = automatic_gradients(subject, arrays)

    def report(self) -> GradientReport:
        return GradientReport(self.value, tuple(map(self._parameter, range(len(self.subject.parameters)))))

    def _check_repeats(self) -> None:
        again = value_at(self.subject, self.point)
        if again != self.value and not np.isnan(self.value):
            raise InvalidValueError(
                f"the function returned {self.value!r} and then {again!r} at the same point; fix its seeds, and put "
                "modules into evaluation mode"
            )

    def _parameter(self, which: int) -> ParameterReport:
        name, _, note = self.subject.parameters[which]
        values, automatic = self.point.values[which], self.automatic[which]
        chosen = self._chosen(values.shape)
        elements = tuple(self._element(which, automatic, index) for index in chosen)
        if len(chosen) < values.size:
            note = f"{len(chosen)} of its {values.size} elements were looked at" + (f"; {note}" if note else "")
        return ParameterReport(name, values.shape, elements, self._cuts(which, automatic, elements), note)

    def _chosen(self, shape: tuple[int, ...]) -> list[Index]:
        size = int(np.prod(shape))
        places = np.arange(size)
        if size > self.max_elements:
            places = np.sort(random_key(self.seed).generator().choice(size, self.max_elements, replace=False))
        return [tuple(int(i) for i in np.unravel_index(place, shape)) for place in places]

    def _element(self, which: int, automatic: Automatic, index: Index) -> ElementReport:
        value = self.point.values[which][index].item()
        gradient = None if automatic.gradient is None else automatic.gradient[index].item()
        if isinstance(value, int):
            return ElementReport(index, value, None, None, Verdict.DETACHED)
        tolerance = self._tolerance(which)
        with drawing.override(False):
            slopes = slopes_at(self.subject, self.point, which, index, tolerance.epsilon)
            verdict = verdict_of(gradient, slopes, tolerance) or self._without_slope(which, index, gradient)
        return ElementReport(index, value, gradient, slopes.central, verdict)

    def _without_slope(self, which: int, index: Index, gradient: complex | None) -> Verdict:
        try:
            if not has_effect(self.subject, self.point, which, index, [self.seed + k for k in OTHER_POINTS]):
                return Verdict.UNUSED
        except Exception as error:
            error.add_note("raised at a point nearby, where ketgrad looked whether a zero gradient is zero there too")
            raise
        return Verdict.DETACHED if gradient is None else Verdict.ZERO

    def _tolerance(self, which: int) -> Tolerance:
        types = (self.point.values[which].dtype.name, self.result_type)
        return max((Tolerance.of(dtype, self.value) for dtype in types), key=lambda tolerance: tolerance.epsilon)

    def _cuts(self, which: int, automatic: Automatic, elements: Sequence[ElementReport]) -> tuple[Cut, ...]:
        """Look for the calls that cut a parameter, unless it is known already or not cut at all."""
        is_cut = any(element.verdict in (Verdict.DETACHED, Verdict.PARTLY_DETACHED) for element in elements)
        return automatic.cuts or self.subject.cuts(which) if is_cut else ()


def _check(function: Any, samples: Any, max_elements: Any) -> None:
    if not callable(function):
        raise InvalidTypeError(f"explain_gradients needs a function, got {type(function).__name__}")
    if samples is not None and (check_integer(samples, "samples") < 0 or samples == 1):
        raise InvalidValueError(f"samples is {samples}; a variance takes 2 or more, and 0 leaves it out")
    if check_integer(max_elements, "max_elements") < 1:
        raise InvalidValueError(f"max_elements is {max_elements}; give 1 or more")
