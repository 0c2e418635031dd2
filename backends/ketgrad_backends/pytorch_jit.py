"""Compiling for torch: the function is traced once for each kind of call, and torch.compile compiles the trace.

torch.compile alone follows the function's Python source, and breaks it up at whatever in it is no tensor operation; a
circuit is mostly that. So `make_fx` records the tensor operations by running the function on stand-in tensors, as JAX
does, transformations and derivatives included; Python runs once, and looking at a value is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch._dynamo.exc import TorchDynamoException
from torch._subclasses.fake_tensor import DataDependentOutputException
from torch.fx.experimental.proxy_tensor import get_proxy_mode, make_fx
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

from ketgrad import tree
from ketgrad.errors import UntraceableError
from ketgrad.precision import get_precision

COMPILER = "aot_eager"
"""torch's inductor generates no code for complex numbers, and of torch 2.13 it returned wrong gradients of a mapped
circuit; this one runs torch's own kernels."""

VALUE_READ = ("get value out of a tracing tensor", ".numpy() is not supported for tensor subclasses")


@dataclass
class Trace:
    """One compiled kind of call, and how its tensors go back into the structure that the function returned."""

    run: Callable[..., Any]
    rebuild: Callable[[list[Any]], Any]
    places: list[int]
    leaves: list[Any] = field(default_factory=list)

    def __call__(self, tensors: list[Any]) -> Any:
        leaves = list(self.leaves)
        for place, tensor in zip(self.places, self.run(*tensors), strict=True):
            leaves[place] = tensor
        return self.rebuild(leaves)


class Compiled:
    """A function with its traces, one for each structure, shape and type of its arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.traces: dict[Hashable, Trace] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if is_tracing():
            return self.function(*args, **kwargs)
        leaves, _, rebuild = tree.flatten((args, kwargs))
        key = _kind_of_call(leaves, (args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        if key not in self.traces:
            self.traces[key] = self._trace(leaves, rebuild, tensors)
        return self.traces[key](tensors)

    def _trace(self, leaves: list[Any], rebuild: Callable[[list[Any]], Any], tensors: list[Any]) -> Trace:
        found: list[Trace] = []

        def over_tensors(*stand_ins: Any) -> Any:
            rest = iter(stand_ins)
            args, kwargs = rebuild([next(rest) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves])
            results, _, put_back = tree.flatten(self.function(*args, **kwargs))
            places = [index for index, leaf in enumerate(results) if isinstance(leaf, torch.Tensor)]
            static = [None if index in places else leaf for index, leaf in enumerate(results)]
            found.append(Trace(_never_run, put_back, places, static))
            return tuple(results[index] for index in places)

        graph = make_fx(over_tensors, tracing_mode="fake", _allow_non_fake_inputs=True)(*tensors)
        trace = found[-1]
        trace.run = torch.compile(graph, backend=COMPILER)
        return trace


def is_tracing() -> bool:
    """Tell whether torch records or transforms what runs now, so that values must not be looked at."""
    return (
        torch.compiler.is_compiling()
        or get_proxy_mode() is not None
        or torch._C._functorch.peek_interpreter_stack() is not None
    )


def is_refusal(error: Exception) -> bool:
    """Tell a refusal to compile from an error of the user's function."""
    kinds = (
        TorchDynamoException,
        DataDependentOutputException,
        GuardOnDataDependentSymNode,
        UntraceableError,
    )
    return isinstance(error, kinds) or any(sign in str(error) for sign in VALUE_READ)


def _kind_of_call(leaves: list[Any], arguments: Any) -> Hashable:
    structure = repr(tree.map_leaves(lambda leaf: None, arguments))
    return structure, tuple(map(_kind, leaves)), torch.is_grad_enabled(), get_precision()


def _kind(leaf: Any) -> Hashable:
    if isinstance(leaf, torch.Tensor):
        return tuple(leaf.shape), leaf.dtype, leaf.device, leaf.requires_grad
    try:
        hash(leaf)
    except TypeError:
        return id(leaf)
    return type(leaf), leaf


def _never_run(*_: Any) -> Any:
    raise AssertionError("the trace is compiled before it runs")
