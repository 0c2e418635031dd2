"""Operations of torch that are computed outside of it, over NumPy arrays.

The computation is one custom operator of torch, so that traces hold it as a single node; around it an
`autograd.Function` gives the first derivative, takes further ones through torch's own operations or refuses them, and
loops under vmap, or, where the computation takes further axes, calls it once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import torch

from ketgrad.base import differentiable, host_gradients, host_result
from ketgrad.errors import UnsupportedError
from ketgrad.protocol import Array, ArraySpec
from ketgrad_backends.messages import DIFFERENTIATES_ONCE


@dataclass(frozen=True, eq=False)
class HostCall:
    """A function over NumPy arrays, with the shapes and types of its results."""

    function: Callable[..., Sequence[Any]]
    outputs: Callable[..., Sequence[ArraySpec]]
    pullback: HostCall | None = None
    """The call that computes this one's gradients; None for that call itself."""
    native: Callable[..., Array] | None = None
    """Of a call that computes gradients: what they are the gradients of, in torch's operations, if there is that."""
    number: int = field(init=False, default_factory=partial(next, count()))

    def __post_init__(self) -> None:
        _calls[self.number] = self


# Operators take numbers and tensors alone, so a call is known by its number. Compiled traces hold that number and no
# more, so the calls in them are kept for good; the others go with their operations.
_calls: WeakValueDictionary[int, HostCall] = WeakValueDictionary()
_calls_in_traces: dict[int, HostCall] = {}


def _kept(number: int) -> HostCall:
    """Return a call and keep it for good."""
    return _calls_in_traces.setdefault(number, _calls[number])


def _computed(inputs: Sequence[torch.Tensor], call: HostCall) -> list[torch.Tensor]:
    arrays = [tensor.detach().resolve_conj().resolve_neg().cpu().numpy() for tensor in inputs]
    specs = call.outputs(*map(_spec, inputs))
    results = call.function(*arrays)
    return [
        torch.from_numpy(host_result(result, spec)).to(inputs[0].device)
        for result, spec in zip(results, specs, strict=True)
    ]


@torch.library.custom_op("ketgrad::host_call", mutates_args=())
def _host_call(inputs: list[torch.Tensor], call: int) -> list[torch.Tensor]:
    return _computed(inputs, _kept(call))


def _call(inputs: Sequence[torch.Tensor], call: HostCall) -> list[torch.Tensor]:
    """Compute at once, or, where torch records, as the operator."""
    # The first use of an operator loads torch's compiler, seconds long, with all its settings.
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():
        return _host_call(list(inputs), call.number)
    return _computed(inputs, call)


@_host_call.register_fake
def _(inputs: list[torch.Tensor], call: int) -> list[torch.Tensor]:
    return [
        inputs[0].new_empty(spec.shape, dtype=getattr(torch, spec.dtype))
        for spec in _kept(call).outputs(*map(_spec, inputs))
    ]


def _keep_for_backward(ctx: Any, inputs: Any, output: Any) -> None:
    ctx.call = _calls[inputs[1]]
    if ctx.call.pullback is not None:
        ctx.save_for_backward(output[0], *inputs[0])
    elif ctx.call.native is not None:
        ctx.save_for_backward(*inputs[0][1:])


def _backward(ctx: Any, cotangents: Sequence[Array]) -> Any:
    if ctx.call.pullback is None:
        return [None, *_second_derivative(ctx.call.native, ctx.saved_tensors, cotangents)], None
    result, *inputs = ctx.saved_tensors
    return _host_call([result, cotangents[0], *inputs], ctx.call.pullback.number), None


# For compiled traces, which hold the operator without the function around it.
_host_call.register_autograd(_backward, setup_context=_keep_for_backward)


def host_operation(
    forward: Callable[..., Any],
    backward: Callable[..., Sequence[Any]] | str,
    output: Callable[..., ArraySpec],
    *,
    is_vectorized: bool,
    native: Callable[..., Array] | None,
) -> Callable[..., Array]:
    """Make the operation of `ArrayBackend.host_function`."""
    pullback = HostCall(
        lambda result, cotangent, *inputs: host_gradients(differentiable(backward)(inputs, result, cotangent), inputs),
        lambda result, cotangent, *specs: specs,
        native=native,
    )
    value = HostCall(lambda *inputs: [forward(*inputs)], lambda *specs: [output(*specs)], pullback)
    operation, _ = _operations(value, pullback, native, is_vectorized=is_vectorized)
    return operation


def _operations(
    value: HostCall, pullback: HostCall, native: Callable[..., Array] | None, *, is_vectorized: bool
) -> tuple[Callable[..., Array], Callable[..., Any]]:
    """Make the operation, and that of its gradients, from the calls that compute them."""

    @cache
    def mapped() -> tuple[Callable[..., Array], Callable[..., Any]]:
        """Make the same operations over one more axis in front."""
        if native is None:
            return _operations(value, pullback, None, is_vectorized=True)
        lifted = torch.func.vmap(native)
        lifted_pullback = replace(pullback, native=lifted)
        lifted_value = replace(value, pullback=lifted_pullback)
        return _operations(lifted_value, lifted_pullback, lifted, is_vectorized=True)

    class Gradient(torch.autograd.Function):
        @staticmethod
        def forward(*tensors: Array) -> tuple[Array, ...]:
            return tuple(_call(tensors, pullback))

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs[1:])

        @staticmethod
        def backward(ctx: Any, *cotangents: Array) -> Any:
            return None, *_second_derivative(native, ctx.saved_tensors, cotangents)

        @staticmethod
        def vmap(info: Any, in_dims: Any, *inputs: Array) -> Any:
            results = (
                mapped()[1](*_in_front(info, in_dims, inputs))
                if is_vectorized
                else _loop(Gradient.apply, info, in_dims, inputs)
            )
            return results, (0,) * (len(inputs) - 2)

    class Operation(torch.autograd.Function):
        @staticmethod
        def forward(*inputs: Array) -> Array:
            return _call(inputs, value)[0]

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(output, *inputs)

        @staticmethod
        def backward(ctx: Any, cotangent: Array) -> Any:
            result, *inputs = ctx.saved_tensors
            return Gradient.apply(result, cotangent, *inputs)

        @staticmethod
        def vmap(info: Any, in_dims: Any, *inputs: Array) -> Any:
            if is_vectorized:
                return mapped()[0](*_in_front(info, in_dims, inputs)), 0
            return _loop(Operation.apply, info, in_dims, inputs), 0

    return Operation.apply, Gradient.apply


def _second_derivative(
    native: Callable[..., Array] | None, saved: Sequence[Array], cotangents: Sequence[Array]
) -> tuple[Array, ...]:
    """Pull back through the gradients of a function as the framework computes them."""
    if native is None:
        raise UnsupportedError(DIFFERENTIATES_ONCE)

    def gradients(cotangent: Array, *inputs: Array) -> tuple[Array, ...]:
        return torch.func.vjp(native, *inputs)[1](cotangent)

    return torch.func.vjp(gradients, *saved)[1](tuple(cotangents))


def _in_front(info: Any, in_dims: Any, inputs: Sequence[Array]) -> list[Array]:
    """Bring the mapped axis of every input to the front."""
    return [
        x.expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)
        for x, dim in zip(inputs, in_dims, strict=True)
    ]


def _loop(apply: Callable[..., Any], info: Any, in_dims: Any, inputs: Sequence[Array]) -> Any:
    results = [
        apply(*(x if dim is None else x.select(dim, index) for x, dim in zip(inputs, in_dims, strict=True)))
        for index in range(info.batch_size)
    ]
    if isinstance(results[0], tuple):
        return tuple(torch.stack(column) for column in zip(*results, strict=True))
    return torch.stack(results)


def _spec(tensor: Array) -> ArraySpec:
    return ArraySpec(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
