"""`kg.optimize.torch`: natural gradient as an optimizer of torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ketgrad.information import Approximation
from ketgrad.registry import use_backend
from ketgrad_backends.pytorch_fisher import fisher_information
from ketgrad_backends.pytorch_hybrid import LayerMetric, groups_of
from ketgrad_backends.pytorch_natural import Direction, directions, moving
from ketgrad_backends.pytorch_optimizer_checks import check_group, metrics_of

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

    @classmethod
    def for_model(
        cls,
        model: torch.nn.Module,
        lr: float = 0.01,
        *,
        approximation: Approximation | None = None,
        regularization: float = 0.0,
        momentum: float = 0.0,
    ) -> QNG:
        """Make the optimizer of a model in which circuits are layers.

        Each `kg.nn.TorchLayer` has a group with the joint metric of its weights, averaged over the samples of all
        passes that gradients have come back from since the last step or `zero_grad()` of the optimizer; inputs never
        enter it. All other parameters are in one more group, without a metric. Groups have a "name", that of the
        layer in the model, or "ordinary". The samples are those of this process alone.

        Parameters
        ----------
        model
            An `nn.Module` with one such layer or more.
        lr, regularization, momentum
            Those of all groups, which can be changed in `param_groups`.
        approximation
            None for the full tensor, "block-diag" for its layers, "diag" for its diagonal; see `ketgrad.metric_tensor`.

        Raises
        ------
        InvalidTypeError, InvalidValueError
            If it is no module, or has no such layer; at a step, for a layer that no gradient has come back to.
        UnsupportedError
            For a layer around a callable that is not made by `ketgrad.function`.

        Examples
        --------
        >>> import ketgrad as kg
        >>> import torch
        >>> x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (2,))
        >>> circuit = kg.Circuit(2).ry(x[0], 0).ry(x[1], 1).cx(0, 1).ry(theta[0], 0).ry(theta[1], 1)
        >>> layer = kg.nn.TorchLayer(kg.function(circuit, kg.expval(kg.Z(0))), inputs="x")
        >>> model = torch.nn.Sequential(torch.nn.Linear(3, 2), layer)
        >>> optimizer = kg.optimize.torch.QNG.for_model(model, lr=0.1)
        >>> model(torch.ones(8, 3)).mean().backward()
        >>> optimizer.step()
        >>> [group["name"] for group in optimizer.param_groups]
        ['1', 'ordinary']
        """
        groups = groups_of(model, approximation)
        return cls(groups, lr=lr, regularization=regularization, momentum=momentum)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, with options of its own or the optimizer's."""
        check_group({**self.defaults, **param_group})
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
        self._forget()
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear all gradients, and with them what layers remember of the samples that they were of."""
        super().zero_grad(set_to_none)
        self._forget()

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
        return returned[0], metrics_of(returned, count)

    def _directions(self, number: int, metric: Any) -> list[Direction]:
        group = self.param_groups[number]
        if not moving(group["params"]):
            return []
        if metric is None and group["metric_fn"] is not None:
            with use_backend("pytorch"):
                metric = group["metric_fn"]()
        return directions(group["params"], metric, group["regularization"], number)

    def _forget(self) -> None:
        for group in self.param_groups:
            if isinstance(group["metric_fn"], LayerMetric):
                group["metric_fn"].forget()

    def _move(self, direction: Direction, rate: float, momentum: float) -> None:
        parameter, values = direction
        if momentum:
            state = self.state[parameter]
            before = state.get("momentum_buffer")
            values = state["momentum_buffer"] = values.clone() if before is None else momentum * before + values
        parameter.add_(values, alpha=-rate)
