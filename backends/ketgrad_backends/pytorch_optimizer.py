"""`kg.optimize.torch`: natural gradient as an optimizer of torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ketgrad.circuit.checks import is_number
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.optimize.options import check_not_negative
from ketgrad.registry import use_backend
from ketgrad_backends.pytorch_fisher import fisher_information
from ketgrad_backends.pytorch_natural import Direction, directions, moving

__all__ = ["QNG", "fisher_information"]


class QNG(torch.optim.Optimizer):
    """Natural gradient: v ← μv + (g + λ1)⁺ ∇L, θ ← θ − ηv, with a metric tensor g for each group of parameters.

    A group without a metric takes the ordinary step, θ ← θ − η∇L, such as the classical layers beside a circuit. All
    metrics are evaluated before any parameter is moved. Where λ = 0, directions without a length, whose eigenvalue of
    g is zero, are left alone, by the pseudo-inverse. Parameters that are frozen, or have no gradient, stay.

    Metric functions are not in `state_dict()`: make the optimizer in the same way and load the rest. The optimizer as
    a whole is pickled only if its metric functions are, which those defined inside of functions are not.

    Reference: J. Stokes, J. Izaac, N. Killoran and G. Carleo, "Quantum natural gradient", Quantum 4, 269 (2020).

    Parameters
    ----------
    params
        Parameters, or groups of them, which may have a `metric_fn`, `lr`, `regularization` and `momentum` of their own.
    metric_fn
        The metric of each group that names none; None for the ordinary step. It is called without arguments at each
        step, without a graph and with ketgrad's PyTorch backend in force. It returns a tensor of shape s + s for a
        parameter of shape s; a list of one for each parameter of the group, None among them for an ordinary step; or
        one matrix over the elements of all parameters of the group, flattened and one after another.
    lr
        η, zero or more.
    regularization
        λ, zero or more.
    momentum
        μ, from 0 up to 1.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For options out of range, and at a step for a metric of another shape, not symmetric, or not finite.
    UnsupportedError
        At a step, for a sparse gradient.

    Examples
    --------
    >>> import ketgrad as kg
    >>> import torch
    >>> theta = kg.parameters("theta", (2,))
    >>> energy = kg.function(kg.Circuit(1).ry(theta[0], 0).rz(theta[1], 0), kg.expval(kg.Z(0)))
    >>> weights = torch.nn.Parameter(torch.tensor([0.5, 0.3], dtype=torch.float64))
    >>> metric = kg.metric_tensor(energy)
    >>> optimizer = kg.optimize.torch.QNG([weights], lambda: metric(weights), lr=0.1)
    >>> with kg.use_backend("pytorch"):
    ...     for _ in range(40):
    ...         optimizer.zero_grad()
    ...         energy(weights).backward()
    ...         _ = optimizer.step()
    ...     print(round(energy(weights).item(), 6))
    -1.0
    """

    def __init__(
        self,
        params: Any,
        metric_fn: Callable[[], Any] | None = None,
        lr: float = 0.01,
        *,
        regularization: float = 0.0,
        momentum: float = 0.0,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "metric_fn": metric_fn, "regularization": regularization, "momentum": momentum}
        )

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, with options of its own or the optimizer's."""
        _check_group({**self.defaults, **param_group})
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step.

        Parameters
        ----------
        closure
            Evaluates the loss, goes backward, and returns the loss; or the loss and a list of metrics, one for each
            group, which take the place of what `metric_fn` returns. None in the list leaves the group its own. For a
            single group the metric may stand there without a list.

        Returns
        -------
        The loss, where there is a closure.
        """
        loss, metrics = self._evaluated(closure)
        found = [self._directions(number, metric) for number, metric in enumerate(metrics)]
        for group, parts in zip(self.param_groups, found, strict=True):
            for direction in parts:
                self._move(direction, float(group["lr"]), group["momentum"])
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return what the optimizer remembers and its options, without metric functions."""
        saved = super().state_dict()
        for group in saved["param_groups"]:
            group.pop("metric_fn", None)
        return saved

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what another optimizer remembered and its options; metric functions stay."""
        functions = [group["metric_fn"] for group in self.param_groups]
        super().load_state_dict(state_dict)
        for group, function in zip(self.param_groups, functions, strict=True):
            group["metric_fn"] = function

    def _evaluated(self, closure: Callable[[], Any] | None) -> tuple[Any, Sequence[Any]]:
        count = len(self.param_groups)
        if closure is None:
            return None, [None] * count
        with torch.enable_grad():
            returned = closure()
        if not isinstance(returned, tuple):
            return returned, [None] * count
        return returned[0], _metrics_of(returned, count)

    def _directions(self, number: int, metric: Any) -> list[Direction]:
        group = self.param_groups[number]
        if not moving(group["params"]):
            return []
        if metric is None and group["metric_fn"] is not None:
            with use_backend("pytorch"):
                metric = group["metric_fn"]()
        return directions(group["params"], metric, group["regularization"], number)

    def _move(self, direction: Direction, rate: float, momentum: float) -> None:
        parameter, values = direction
        if momentum:
            state = self.state[parameter]
            before = state.get("momentum_buffer")
            values = state["momentum_buffer"] = values.clone() if before is None else momentum * before + values
        parameter.add_(values, alpha=-rate)


def _metrics_of(returned: tuple[Any, ...], count: int) -> Sequence[Any]:
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


def _check_group(group: dict[str, Any]) -> None:
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
