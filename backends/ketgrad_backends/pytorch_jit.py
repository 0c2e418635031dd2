"""Compiling for torch: tensor operations are recorded by `make_fx`, and torch.compile takes the record.

torch.compile alone follows the function's Python source, and breaks it up at whatever in it is no tensor operation; a
circuit is mostly that. `make_fx` runs the function on stand-in tensors instead, as JAX does, transformations and
derivatives included; Python runs once, and looking at a value is refused.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch

from ketgrad.compiling import Compiler, OverArrays
from ketgrad.errors import UntraceableError
from ketgrad.protocol import Array

EXECUTOR = "eager"
"""Runs the record by torch's own kernels and autograd. Of torch 2.13's others, inductor generates no code for complex
numbers and returned wrong gradients of a mapped circuit, and aot_eager returned second derivatives of zero."""

VALUE_READ = ("get value out of a tracing tensor", ".numpy() is not supported for tensor subclasses")


def torch_compiler() -> Compiler:
    """Return how torch compiles; what that needs of torch is imported at the first use, since it changes torch."""
    return Compiler(_compile, _is_refusal, is_tracing, _state)


def is_tracing() -> bool:
    """Tell whether torch records or transforms what runs now, so that values must not be looked at."""
    return (
        torch.compiler.is_compiling()
        or torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.PROXY) is not None
        or torch._C._functorch.peek_interpreter_stack() is not None
    )


def _compile(over_arrays: OverArrays, tensors: Sequence[Array]) -> OverArrays:
    from torch.fx.experimental.proxy_tensor import make_fx

    graph = make_fx(over_arrays, tracing_mode="fake", _allow_non_fake_inputs=True)(*tensors)
    compiled: OverArrays = torch.compile(graph, backend=EXECUTOR)
    return compiled


def _is_refusal(error: Exception) -> bool:
    from torch._dynamo.exc import TorchDynamoException
    from torch._subclasses.fake_tensor import DataDependentOutputException
    from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

    kinds = (TorchDynamoException, DataDependentOutputException, GuardOnDataDependentSymNode, UntraceableError)
    return isinstance(error, kinds) or any(sign in str(error) for sign in VALUE_READ)


def _state(tensor: Array | None) -> Hashable:
    return torch.is_grad_enabled() if tensor is None else (tensor.device, tensor.requires_grad)
