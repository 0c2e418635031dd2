"""Operations of torch that are computed outside of it, over NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ketgrad.base import host_result
from ketgrad.errors import UnsupportedError
from ketgrad.protocol import Array, ArraySpec
from ketgrad_backends.messages import DIFFERENTIATES_ONCE


def host_operation(
    forward: Callable[..., Any], backward: Callable[..., Sequence[Any]], output: Callable[..., ArraySpec]
) -> Callable[..., Array]:
    """Make the operation; torch.compile breaks its graph around it, since it can't see into NumPy code."""

    class Gradient(torch.autograd.Function):
        @staticmethod
        def forward(result: Array, cotangent: Array, *inputs: Array) -> tuple[Array, ...]:
            arrays = [_values(tensor) for tensor in inputs]
            gradients = backward(arrays, _values(result), _values(cotangent))
            return tuple(
                _tensor(np.asarray(gradient, array.dtype), like)
                for gradient, array, like in zip(gradients, arrays, inputs, strict=True)
            )

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

        @staticmethod
        def backward(ctx: Any, *cotangents: Array) -> Any:
            raise UnsupportedError(DIFFERENTIATES_ONCE)

        @staticmethod
        def vmap(info: Any, in_dims: Any, *inputs: Array) -> Any:
            return _loop(Gradient.apply, info, in_dims, inputs), (0,) * (len(inputs) - 2)

    class Operation(torch.autograd.Function):
        @staticmethod
        def forward(*inputs: Array) -> Array:
            arrays = [_values(tensor) for tensor in inputs]
            spec = output(*(ArraySpec(array.shape, str(array.dtype)) for array in arrays))
            return _tensor(host_result(forward(*arrays), spec), inputs[0])

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(output, *inputs)

        @staticmethod
        def backward(ctx: Any, cotangent: Array) -> Any:
            result, *inputs = ctx.saved_tensors
            return Gradient.apply(result, cotangent, *inputs)

        @staticmethod
        def vmap(info: Any, in_dims: Any, *inputs: Array) -> Any:
            return _loop(Operation.apply, info, in_dims, inputs), 0

    return torch.compiler.disable(Operation.apply)  # type: ignore[no-any-return]


def _loop(apply: Callable[..., Any], info: Any, in_dims: Any, inputs: Sequence[Array]) -> Any:
    results = [
        apply(*(x if dim is None else x.select(dim, index) for x, dim in zip(inputs, in_dims, strict=True)))
        for index in range(info.batch_size)
    ]
    if isinstance(results[0], tuple):
        return tuple(torch.stack(column) for column in zip(*results, strict=True))
    return torch.stack(results)


def _values(tensor: Array) -> Any:
    return tensor.detach().resolve_conj().resolve_neg().cpu().numpy()


def _tensor(values: Any, like: Array) -> Array:
    # A copy, because torch may write into what it is given, and the function may have kept it.
    return torch.from_numpy(np.array(values)).to(like.device)
