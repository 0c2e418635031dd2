"""The directions in which one group of a torch optimizer's parameters goes, by its metric tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.optimize.natural_gradient import precondition
from ketgrad.protocol import Array
from ketgrad.registry import resolve

HALF_TYPES = (torch.float16, torch.bfloat16)
SYMMETRIC = 1e-4
"""By how much of its largest element a metric may differ from its transpose: far more than any rounding."""


class Direction(NamedTuple):
    """A parameter and what is subtracted from it, times the learning rate."""

    parameter: Array
    values: Array


def moving(parameters: Sequence[Array]) -> list[int]:
    """Return the places of the parameters that a step moves: neither frozen nor without a gradient."""
    return [place for place, each in enumerate(parameters) if each.requires_grad and each.grad is not None]


def directions(parameters: Sequence[Array], metric: Any, regularization: float, group: int) -> list[Direction]:
    """Return the natural gradients of a group's parameters, or the ordinary ones where its metric is None."""
    places = moving(parameters)
    for place in places:
        _check_gradient(parameters[place].grad)
    if metric is None:
        return [Direction(parameters[place], parameters[place].grad) for place in places]
    if isinstance(metric, list | tuple):
        return _by_each(parameters, places, metric, regularization, group)
    _check_metric(metric, group)
    if len(parameters) == 1 and metric.shape == parameters[0].shape * 2:
        return _by_each(parameters, places, [metric], regularization, group)
    return _by_all(parameters, places, metric, regularization, group)


def _by_each(
    parameters: Sequence[Array], places: Sequence[int], metrics: Sequence[Any], regularization: float, group: int
) -> list[Direction]:
    if len(metrics) != len(parameters):
        raise InvalidValueError(
            f"group {group} has {len(parameters)} parameters, and its metric is a list of {len(metrics)}; give one "
            "tensor for each parameter, or one matrix over the elements of all"
        )
    found = []
    for place in places:
        parameter, metric = parameters[place], metrics[place]
        if metric is not None:
            _check_metric(metric, group)
        values = parameter.grad if metric is None else _natural(metric, parameter.grad, regularization)
        found.append(Direction(parameter, values))
    return found


def _by_all(
    parameters: Sequence[Array], places: Sequence[int], metric: Array, regularization: float, group: int
) -> list[Direction]:
    sizes = [each.numel() for each in parameters]
    if tuple(metric.shape) != (sum(sizes), sum(sizes)):
        raise InvalidValueError(
            f"the metric of group {group} has the shape {tuple(metric.shape)}, and its parameters the shapes "
            f"{', '.join(str(tuple(each.shape)) for each in parameters)}; give one of shape "
            f"({sum(sizes)}, {sum(sizes)}), or a list of one of shape s + s for each parameter of shape s"
        )
    elements = torch.arange(sum(sizes), device=metric.device).split(sizes)
    chosen = torch.cat([elements[place] for place in places])
    gradient = torch.cat([parameters[place].grad.reshape(-1) for place in places])
    natural = _natural(metric[chosen][:, chosen], gradient, regularization)
    parts = natural.split([sizes[place] for place in places])
    return [
        Direction(parameters[place], part.reshape(parameters[place].shape))
        for place, part in zip(places, parts, strict=True)
    ]


def _natural(metric: Array, gradient: Array, regularization: float) -> Array:
    """Return (g + λ1)⁺ v in the type of v; 16 bits are too few to find eigenvalues in."""
    if gradient.is_complex():
        raise InvalidTypeError(
            "a parameter with a metric is complex; give its real and imaginary parts as two real parameters"
        )
    wide = gradient.float() if gradient.dtype in HALF_TYPES else gradient
    return precondition(resolve("pytorch"), metric.to(wide.device), wide, regularization).to(gradient.dtype)


def _check_gradient(gradient: Array) -> None:
    if gradient.layout != torch.strided:
        raise UnsupportedError(
            "a gradient is sparse, which QNG does not take; make its nn.Embedding with sparse=False, or give its "
            "parameters another optimizer"
        )


def _check_metric(metric: Any, group: int) -> None:
    if not isinstance(metric, torch.Tensor) or metric.is_complex():
        kind = "complex tensor" if isinstance(metric, torch.Tensor) else type(metric).__name__
        raise InvalidTypeError(f"the metric of group {group} is a {kind}; give a real tensor")
    if not torch.isfinite(metric).all():
        raise InvalidValueError(
            f"the metric of group {group} has elements that are not finite, and no parameter was moved; look for NaN "
            "in the parameters and the inputs"
        )
    side = round(metric.numel() ** 0.5)
    if side * side == metric.numel():  # another shape is refused where the gradient's is known
        matrix = metric.reshape(side, side)
        if (matrix - matrix.T).abs().sum() > SYMMETRIC * matrix.abs().sum():
            raise InvalidValueError(
                f"the metric of group {group} is not symmetric, as every metric is; give one by kg.metric_tensor, for "
                "example"
            )
