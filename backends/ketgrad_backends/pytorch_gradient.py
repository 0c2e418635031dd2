"""Functions of torch's operations with a gradient of their own.

An `autograd.Function` keeps the gradient, under torch.func's transforms too. A record of `kg.jit` would hold nothing of
it but the operations inside, and so holds an operator of torch in its place, which has the same gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

import torch

from ketgrad.protocol import Array


class Custom(NamedTuple):
    """A function, and a gradient for each input from the inputs and a cotangent."""

    function: Callable[..., Array]
    pullback: Callable[[Sequence[Array], Array], Sequence[Array]]


# Operators take numbers and tensors alone; a record holds the number for as long as the process lives.
_in_records: dict[int, Custom] = {}
_numbers = count()


@torch.library.custom_op("ketgrad::custom_gradient", mutates_args=())
def _operator(inputs: list[torch.Tensor], number: int) -> torch.Tensor:
    return _in_records[number].function(*inputs)


@_operator.register_fake
def _(inputs: list[torch.Tensor], number: int) -> torch.Tensor:
    return _in_records[number].function(*inputs)


def _keep_for_backward(ctx: Any, inputs: Any, output: Any) -> None:
    ctx.save_for_backward(*inputs[0])
    ctx.number = inputs[1]


def _backward(ctx: Any, cotangent: Array) -> Any:
    return list(_in_records[ctx.number].pullback(ctx.saved_tensors, cotangent)), None


_operator.register_autograd(_backward, setup_context=_keep_for_backward)


def custom_operation(custom: Custom) -> Callable[..., Array]:
    """Make the operation of `ArrayBackend.custom_gradient`."""

    class Operation(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(*inputs: Array) -> Array:
            return custom.function(*inputs)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, cotangent: Array) -> Any:
            return tuple(custom.pullback(ctx.saved_tensors, cotangent))

    def operation(*inputs: Array) -> Array:
        if not _is_recorded():
            return Operation.apply(*inputs)
        number = next(_numbers)
        _in_records[number] = custom
        return _operator(list(inputs), number)

    return operation


def _is_recorded() -> bool:
    """Tell whether a record is made of what runs now, and not of a transformation of it, which has its own way."""
    return bool(torch._C._len_torch_dispatch_stack()) and torch._C._functorch.peek_interpreter_stack() is None
