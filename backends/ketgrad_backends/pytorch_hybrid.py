"""The groups of a model in which circuits are layers: each with the metric of the samples that its gradient is of."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import torch

from ketgrad.circuit_function import CircuitFunction
from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from ketgrad.information import Approximation, metric_tensor
from ketgrad.nn.arrays import common_precision, in_precision
from ketgrad.precision import use_precision
from ketgrad.protocol import Array
from ketgrad.registry import resolve
from ketgrad_backends.pytorch_layer import TorchLayer


class LayerMetric:
    """The joint metric of a layer's weights, averaged over all samples that a backward pass has come through.

    Not the forward passes count, but those that gradients have come back from: these have the samples that the
    gradient of the step is made of, and an evaluation in between has none.
    """

    def __init__(self, layer: TorchLayer, name: str, approximation: Approximation | None) -> None:
        self.layer, self.name = layer, name
        self.passes: list[tuple[Array, ...]] = []
        function: Any = layer.plan.function
        self.names = [array.name for array in function.parameters]
        self.argnums = [self.names.index(weight.name) for weight in layer.plan.weights]
        self.approximation = approximation
        layer.register_forward_hook(Watcher(self), with_kwargs=True)

    def watch(self, inputs: tuple[Any, ...], results: Any) -> None:
        """Keep the inputs of a forward pass as soon as a gradient comes back to its results."""
        parts = results if isinstance(results, list | tuple) else (results,)
        kept, passes = tuple(each.detach() for each in inputs), self.passes
        recorded = [part for part in parts if part.requires_grad]
        if recorded:
            torch.autograd.graph.register_multi_grad_hook(recorded, lambda _: passes.append(kept), mode="any")

    def forget(self) -> None:
        """Forget what a step has used, or what gradients that are cleared were of."""
        self.passes.clear()

    def __call__(self) -> Array:
        """Return the metric, of shape (N, N)."""
        if not self.passes:
            raise InvalidValueError(
                f"{self.name} has gradients, but none came back to it since the last step; make the optimizer before "
                "the first forward pass, and call the model, not a copy of it"
            )
        rows = torch.cat([self._of(inputs) for inputs in self.passes])
        return rows.mean(dim=0)

    def _of(self, inputs: tuple[Array, ...]) -> Array:
        """Return the metrics of one pass, of shape (samples, N, N)."""
        plan, backend = self.layer.plan, resolve("pytorch")
        given = {**dict(zip(plan.inputs, inputs, strict=True)), **dict(self.layer.weights)}
        precision = common_precision(backend, list(given.values()))
        arrays = {name: in_precision(backend, value.detach(), precision) for name, value in given.items()}
        metric = metric_tensor(plan.function, self.argnums, self.approximation, joint=True)
        with use_precision(precision):
            found = metric(*(arrays[name] for name in self.names))
        return found.reshape(-1, *found.shape[-2:])


class Watcher:
    """The forward hook of a layer: it keeps no metric alive, and copies and files of the layer have an idle one."""

    def __init__(self, metric: LayerMetric | None = None) -> None:
        self.metric = None if metric is None else weakref.ref(metric)

    @torch.compiler.disable
    def __call__(self, layer: Any, inputs: tuple[Any, ...], named: dict[str, Any], results: Any) -> None:
        metric = None if self.metric is None else self.metric()
        # What is seen inside a transform of torch.func must not leave it.
        if metric is not None and torch._C._functorch.peek_interpreter_stack() is None:
            metric.watch(layer.plan.ordered(inputs, named), results)

    def __reduce__(self) -> tuple[Any, ...]:
        return Watcher, ()


def groups_of(model: Any, approximation: Approximation | None) -> list[dict[str, Any]]:
    """Return a group for each layer with a circuit, and one without a metric for all other parameters."""
    if approximation not in (None, "block-diag", "diag"):
        raise InvalidValueError(f'approximation is {approximation!r}; give None, "block-diag" or "diag"')
    if not isinstance(model, torch.nn.Module):
        raise InvalidTypeError(f"for_model takes an nn.Module, got a {type(model).__name__}")
    groups = list(_of_layers(model, approximation))
    _check_shared(groups)
    if not groups:
        raise InvalidValueError(
            "the model has no kg.nn.TorchLayer with weights; make groups by hand, with a metric_fn where there is one"
        )
    known = {id(parameter) for group in groups for parameter in group["params"]}
    others = [parameter for parameter in model.parameters() if id(parameter) not in known]
    ordinary = [{"params": others, "metric_fn": None, "name": "ordinary"}] if others else []
    return groups + ordinary


def _of_layers(model: Any, approximation: Approximation | None) -> Iterator[dict[str, Any]]:
    for name, layer in model.named_modules():
        if isinstance(layer, TorchLayer) and layer.plan.weights:
            label = name or type(layer).__name__
            _check_layer(layer, label)
            parameters = [layer.weights[weight.name] for weight in layer.plan.weights]
            yield {"params": parameters, "metric_fn": LayerMetric(layer, label, approximation), "name": label}


def _check_shared(groups: list[dict[str, Any]]) -> None:
    owners: dict[int, str] = {}
    for group in groups:
        for parameter in group["params"]:
            first = owners.setdefault(id(parameter), group["name"])
            if first != group["name"]:
                raise UnsupportedError(
                    f"the layers {first} and {group['name']} share a weight, which is in the metrics of both; use one "
                    "layer in both places, or make groups by hand, with a metric_fn for each weight"
                )


def _check_layer(layer: TorchLayer, label: str) -> None:
    if not isinstance(layer.plan.function, CircuitFunction):
        raise UnsupportedError(
            f"the function of {label} is not made by kg.function, so the state that its metric is of is not known; "
            "make groups by hand, with a metric_fn for its weights"
        )
