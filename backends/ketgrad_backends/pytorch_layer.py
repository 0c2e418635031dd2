"""A circuit, or a callable, as an `nn.Module`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import reduce
from typing import Any

import torch

from ketgrad import tree
from ketgrad.circuit.parameters import Declaration
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.nn.initial import TURN, check_start, checked_initial
from ketgrad.nn.plan import LayerPlan
from ketgrad.registry import resolve

HALF_TYPES = (torch.float16, torch.bfloat16)


class TorchLayer(torch.nn.Module):
    """A layer whose weights are those arrays of a function that are not named as inputs.

    It computes in PyTorch whatever backend is in force. A batch of inputs, with any number of axes in front, is one run
    of the circuit. Weights are parameters in `layer.weights`.

    Parameters
    ----------
    function, inputs, weights, join
        As for `ketgrad.nn.LayerPlan.of`: made by `ketgrad.function`, the names of its inputs, for a callable the shapes
        of its weights, and whether all results become one tensor of shape (batch..., features).
    initial
        For names of weights a tensor or an array of the weight's shape, a number for all its elements, or one of
        `torch.nn.init`'s functions, or another that fills a tensor in place. What is not named starts uniformly in
        [0, 2π), from torch's generator.
    dtype, device
        Of the weights; torch's defaults if left out.

    Returns
    -------
    Tensor
        By `layer(*inputs)`, or `layer(x=...)`, of shape (batch..., features), of the inputs' type, without inputs of
        the weights'. Inside the circuit is float64 where an input or a weight is, else float32; under `torch.autocast`
        16-bit inputs give float32, as they do with torch's own functions that need the range.

    Raises
    ------
    InvalidTypeError, InvalidValueError, UnsupportedError
        As `ketgrad.nn.LayerPlan.of`; for a start of another name or shape; at a call for inputs that are no tensors, or
        are not where the weights are.

    Examples
    --------
    >>> import ketgrad as kg
    >>> import torch
    >>> x, theta = kg.parameters("x", (2,)), kg.parameters("theta", (2,))
    >>> circuit = kg.Circuit(2).rx(x[0], 0).rx(x[1], 1).cx(0, 1).ry(theta[0], 0).ry(theta[1], 1)
    >>> f = kg.function(circuit, kg.expval(kg.Z(0)), kg.expval(kg.Z(1)))
    >>> layer = kg.nn.TorchLayer(f, inputs="x", initial={"theta": torch.nn.init.zeros_})
    >>> model = torch.nn.Sequential(torch.nn.Linear(5, 2), layer, torch.nn.Linear(2, 1))
    >>> model(torch.ones(256, 5)).shape
    torch.Size([256, 1])
    >>> layer(torch.zeros(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        inputs: str | Sequence[str] = (),
        weights: Mapping[str, int | Sequence[int]] | None = None,
        initial: Mapping[str, Any] | None = None,
        join: bool = True,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        _check(function, dtype)
        self.plan = LayerPlan.of(function, inputs, weights, join)
        starts = checked_initial(self.plan.weights, initial)
        self.weights = torch.nn.ParameterDict()
        for weight in self.plan.weights:
            _put(self.weights, weight.name, _started(weight, starts[weight.name], dtype, device))

    # torch.compile would take the Python of ketgrad to pieces; this way its graphs end and begin at the layer.
    @torch.compiler.disable
    def forward(self, /, *inputs: torch.Tensor, **named: torch.Tensor) -> Any:
        """Return the features of a batch of inputs, given by position or by name."""
        inputs, weights = self.plan.ordered(inputs, named), dict(self.weights)
        kind = _common_device([*inputs, *weights.values()]).type
        is_mixed = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
        with torch.autocast(kind, enabled=False) if is_mixed else nullcontext():
            results = self.plan(resolve("pytorch"), weights, inputs)
            wanted = _result_type(inputs, list(weights.values()), is_mixed)
            return tree.map_leaves(lambda result: _as_type(result, wanted), results)

    def extra_repr(self) -> str:
        return f"{self.plan.function!r}, inputs=({', '.join(self.plan.inputs)})"


def _check(function: Any, dtype: Any) -> None:
    if isinstance(function, torch.nn.Module):
        raise InvalidTypeError(
            f"got a {type(function).__name__}, whose parameters a layer around it would hide; put the two into "
            "nn.Sequential, or give a function made by kg.function"
        )
    if dtype is not None and not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        raise InvalidTypeError(f"dtype is {dtype!r}; weights are real, so give torch.float32 or torch.float64")


def _started(weight: Declaration, given: Any, dtype: Any, device: Any) -> torch.nn.Parameter:
    """Return a weight filled by what is given, or uniformly in one turn."""
    values = torch.empty(weight.shape, dtype=dtype, device=device)
    with torch.no_grad():
        if given is None:
            values.uniform_(0, TURN)
        elif callable(given):
            _fill(values, given, weight.name)
        else:
            start = resolve("pytorch").asarray(given).detach()
            check_start(weight, start.shape)
            values.copy_(start.expand(weight.shape))
    return torch.nn.Parameter(values)


def _fill(values: torch.Tensor, initializer: Callable[..., Any], name: str) -> None:
    """Call an initializer on NaN, so that what it leaves as it is shows."""
    initializer(values.fill_(torch.nan))
    if not values.is_meta and values.isnan().any():
        raise InvalidValueError(
            f"the initializer of {name} left elements of the tensor as they were; give a function that fills it in "
            "place, such as torch.nn.init.zeros_, or a tensor"
        )


def _put(weights: torch.nn.ParameterDict, name: str, parameter: torch.nn.Parameter) -> None:
    if hasattr(weights, name):
        raise InvalidValueError(f"a weight is named {name!r}, which torch's modules use themselves; rename it")
    weights[name] = parameter


def _common_device(tensors: Sequence[Any]) -> torch.device:
    """Return where all tensors are, or refuse those that are elsewhere."""
    for tensor in tensors:
        if not isinstance(tensor, torch.Tensor):
            raise InvalidTypeError(f"the layer got a {type(tensor).__name__}; give tensors, by torch.as_tensor")
    places = list(dict.fromkeys(tensor.device for tensor in tensors))
    if len(places) > 1:
        raise InvalidValueError(
            f"the inputs are on {places[0]}, but others, or the weights, on {places[1]}; bring them together by .to"
        )
    return places[0] if places else torch.get_default_device()


def _result_type(inputs: Sequence[torch.Tensor], weights: Sequence[torch.Tensor], is_mixed: bool) -> torch.dtype:
    """Return the type of the inputs that are floating, else that of the weights."""
    types = [tensor.dtype for tensor in inputs if tensor.is_floating_point()] or [tensor.dtype for tensor in weights]
    wanted = reduce(torch.promote_types, types) if types else torch.get_default_dtype()
    return torch.float32 if is_mixed and wanted in HALF_TYPES else wanted


def _as_type(result: Any, wanted: torch.dtype) -> Any:
    if result.is_complex():
        return result.to(torch.complex128 if wanted == torch.float64 else torch.complex64)
    return result.to(wanted) if result.is_floating_point() else result
