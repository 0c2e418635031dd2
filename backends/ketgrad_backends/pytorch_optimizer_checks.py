"""What a person gives to an optimizer of torch, checked: options of groups, and what closures return."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ketgrad.circuit.checks import is_number
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.optimize.options import check_not_negative


def metrics_of(returned: tuple[Any, ...], count: int) -> Sequence[Any]:
    """Return the metric that a closure gives for each of so many groups."""
    if len(returned) != 2:
        raise InvalidValueError(
            f"the closure returned {len(returned)} values; return the loss, or the loss and a list of metrics"
        )
    metrics: Any = returned[1]
    if isinstance(metrics, torch.Tensor) and count == 1:
        return [metrics]
    if not isinstance(metrics, list | tuple) or len(metrics) != count:
        given = f"{len(metrics)}" if isinstance(metrics, list | tuple) else f"a {type(metrics).__name__}"
        raise InvalidValueError(
            f"the closure returned {given} for the metrics of {count} groups; return a list of one for each group, "
            "None for a group that keeps its own"
        )
    return metrics


def check_group(group: dict[str, Any]) -> None:
    """Refuse options of a group that are out of range."""
    rate, momentum, function = group["lr"], group["momentum"], group["metric_fn"]
    number = rate.item() if isinstance(rate, torch.Tensor) and rate.numel() == 1 else rate
    if not (is_number(number) and 0 <= number < math.inf):
        raise InvalidValueError(f"lr is {rate!r}; give a number of zero or more")
    if not (is_number(momentum) and 0 <= momentum < 1):
        raise InvalidValueError(f"momentum is {momentum!r}; give a number from 0 up to, but not, 1")
    check_not_negative("regularization", group["regularization"])
    if function is not None and not callable(function):
        raise InvalidTypeError(
            f"metric_fn is a {type(function).__name__}; give a function without arguments that returns the tensor, or "
            "None for the ordinary step"
        )
