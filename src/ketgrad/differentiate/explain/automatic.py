"""Gradients by automatic differentiation, each with the reason why it is missing if it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketgrad.differentiate.explain.places import Cut, place_of_error
from ketgrad.differentiate.explain.subject import Subject
from ketgrad.errors import UntraceableError
from ketgrad.protocol import Array, Capability


@dataclass(frozen=True)
class Automatic:
    """The gradient by one parameter, as a NumPy array; None with the reason, where that is known already."""

    gradient: Any = None
    cuts: tuple[Cut, ...] = ()


def automatic_gradients(subject: Subject, arrays: Sequence[Array]) -> list[Automatic]:
    """Differentiate by all parameters that nothing stands in the way of."""
    if Capability.AUTODIFF not in subject.backend.capabilities:
        reason = f"the {subject.backend.name} backend has no automatic differentiation"
        return [Automatic(cuts=(Cut(reason),))] * len(arrays)
    names = [parameter.name for parameter in subject.parameters]
    free = [index for index, name in enumerate(names) if name not in subject.obstacles]
    found = dict(zip(free, _gradients(subject, arrays, free), strict=True))
    return [found.get(index) or Automatic(cuts=(Cut(subject.obstacles[name]),)) for index, name in enumerate(names)]


def _gradients(subject: Subject, arrays: Sequence[Array], chosen: Sequence[int]) -> list[Automatic]:
    """Differentiate by all at once; where that is refused, one by one, because one alone may be the cause."""
    if not chosen:
        return []
    try:
        gradients = subject.gradients(arrays, chosen)
    except UntraceableError as refusal:
        if len(chosen) > 1:
            return [found for index in chosen for found in _gradients(subject, arrays, [index])]
        return [Automatic(cuts=(Cut(str(refusal), place_of_error(refusal.__cause__ or refusal)),))]
    return [Automatic(_numbers(subject, gradient)) for gradient in gradients]


def _numbers(subject: Subject, gradient: Array | None) -> Any:
    return None if gradient is None else np.array(subject.backend.to_numpy(gradient))
