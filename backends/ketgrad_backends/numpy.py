"""NumPy, differentiated by the autograd library."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import autograd.numpy
import numpy as np
from autograd.core import VJPNode, add_outgrads
from autograd.extend import defvjp_argnums, primitive
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.tracer import getval, isbox, new_box, toposort, trace_stack

from ketgrad import tree
from ketgrad.base import (
    check_conversion,
    checked_array,
    differentiable,
    host_gradients,
    host_result,
    require_cpu,
    take_in,
)
from ketgrad.batching import loop_vmap
from ketgrad.errors import KetgradError, UnsupportedError, UntraceableError
from ketgrad.precision import ARRAY_TYPES, COMPLEX_TYPES, INTEGER_TYPES, real_type, type_name
from ketgrad.protocol import Array, ArrayBackend, ArraySpec, Capability, InAxes, Pullback
from ketgrad_backends.algebra import AutorayAlgebra
from ketgrad_backends.messages import DIFFERENTIATES_ONCE
from ketgrad_backends.numpy_explain import NumpyExplanations

REAL_PART = {"complex64": "float32", "complex128": "float64"}


class NumpyBackend(NumpyExplanations, AutorayAlgebra):
    """NumPy arrays; autograd's boxes while a function is differentiated."""

    name = "numpy"
    library_version = np.__version__
    capabilities = frozenset(Capability) - {Capability.DEVICES}
    float32, float64 = np.dtype("float32"), np.dtype("float64")
    complex64, complex128 = np.dtype("complex64"), np.dtype("complex128")

    def __init__(self) -> None:
        super().__init__("autograd")

    def devices(self) -> tuple[str, ...]:
        return ("cpu",)

    def array(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        converted = self.asarray(value, dtype=dtype, device=device)
        return converted * 1 if isbox(converted) else np.array(converted)

    def asarray(self, value: Any, /, *, dtype: Any = None, device: str | None = None) -> Array:
        require_cpu(self, device)
        if dtype is None and isinstance(value, np.ndarray | ArrayBox) and _is_taken(value.dtype):
            return value
        taken, wanted = take_in(self, value, dtype)
        return self.astype(taken, wanted)

    def to_numpy(self, array: Array, /) -> Any:
        return np.asarray(getval(checked_array(self, array)))

    def is_array(self, value: Any, /) -> bool:
        return isinstance(value, np.ndarray | np.generic | ArrayBox) and value.dtype.kind in "iufc"

    def is_concrete(self, array: Array, /) -> bool:
        return True

    def dtype(self, array: Array, /) -> str:
        return _name(array.dtype)

    def device(self, array: Array, /) -> str | None:
        return "cpu"

    def astype(self, array: Array, dtype: Any, /) -> Array:
        wanted = type_name(dtype)
        if _name(array.dtype) == wanted and array.dtype.isnative:
            return array
        check_conversion(self.dtype(array), wanted)
        if wanted in INTEGER_TYPES:
            return getval(array).astype(wanted)  # autograd would let a gradient through
        if wanted in COMPLEX_TYPES and array.dtype.kind != "c":
            # A product, because autograd's own conversion would warn about the imaginary part of a gradient.
            return array.astype(REAL_PART[wanted]) * np.ones((), wanted)
        return array.astype(wanted)

    def zeros(self, shape: Sequence[int], /, *, dtype: Any = None, device: str | None = None) -> Array:
        require_cpu(self, device)
        return np.zeros(tuple(shape), type_name(dtype or real_type()))

    def stack(self, arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
        return autograd.numpy.stack(list(arrays), axis=axis)

    def take(self, array: Array, indices: Any, /, *, axis: int) -> Array:
        place = axis % array.ndim
        return array[(slice(None),) * place + (indices,)]

    def einsum(self, subscripts: str, /, *arrays: Array) -> Array:
        return autograd.numpy.einsum(subscripts, *arrays)

    def matmul(self, left: Array, right: Array, /) -> Array:
        return autograd.numpy.matmul(left, right)

    def sum(self, array: Array, /, *, axis: int | None = None) -> Array:
        return autograd.numpy.sum(array, axis=axis)

    def requires_grad(self, array: Any, /) -> Array:
        return self.asarray(array)

    def detach(self, array: Array, /) -> Array:
        return getval(array)

    def vmap(self, function: Callable[..., Any], /, in_axes: InAxes = 0) -> Callable[..., Any]:
        return loop_vmap(self, function, in_axes)

    def jit(self, function: Callable[..., Any], /) -> Callable[..., Any]:
        """Return the function itself: NumPy has no compiler."""
        return function

    def vjp(
        self, function: Callable[..., tuple[Array, Any]], leaves: Sequence[Array], /
    ) -> tuple[Array, Any, Pullback]:
        roots = [VJPNode.new_root() for _ in leaves]
        trace = _new_trace()
        boxes = [new_box(leaf, trace, root) for leaf, root in zip(leaves, roots, strict=True)]
        with _refusals_named():
            result, aux = function(*boxes)
        is_traced = isbox(result) and result._trace == trace

        def pullback(cotangent: Array) -> list[Array | None]:
            if not is_traced:
                return [None] * len(roots)
            # autograd's cotangents are the complex conjugates of this protocol's.
            found = _backward_pass(self.conj(cotangent), result._node, roots)
            return [
                None if gradient is None else self.astype(self._in_kind(gradient, leaf), self.dtype(leaf))
                for gradient, leaf in zip(found, leaves, strict=True)
            ]

        return (result._value if is_traced else result), _unbox(aux, trace), pullback

    def _in_kind(self, gradient: Array, leaf: Array) -> Array:
        return self.conj(gradient) if self.dtype(leaf) in COMPLEX_TYPES else self.real(gradient)

    def custom_gradient(
        self, function: Callable[..., Array], pullback: Callable[[Sequence[Array], Array], Sequence[Array]], /
    ) -> Callable[..., Array]:
        def vjp_of_operation(argnums: Any, result: Any, inputs: Any) -> Callable[[Any], list[Any]]:
            def pull(cotangent: Any) -> list[Any]:
                gradients = pullback(inputs, self.conj(cotangent))
                return [self.conj(gradients[index]) for index in argnums]

            return pull

        return lambda *inputs: _operation(*map(self.asarray, inputs), forward=function, vjp=vjp_of_operation)

    def host_function(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Sequence[Any]] | str,
        output: Callable[..., ArraySpec],
        /,
        *,
        is_vectorized: bool = False,
        native: Callable[..., Array] | None = None,
    ) -> Callable[..., Array]:
        def plain_forward(*inputs: Any) -> Any:
            spec = output(*(ArraySpec(np.shape(value), str(value.dtype)) for value in inputs))
            return host_result(forward(*inputs), spec)

        def vjp_of_operation(argnums: Any, result: Any, inputs: Any) -> Callable[[Any], list[Any]]:
            pullback = differentiable(backward)

            def pull(cotangent: Any) -> list[Any]:
                if any(isbox(value) for value in (result, cotangent, *inputs)):
                    if native is None:
                        raise UnsupportedError(DIFFERENTIATES_ONCE)
                    _, _, pull_natively = self.vjp(lambda *leaves: (native(*leaves), None), inputs)
                    found = pull_natively(self.conj(cotangent))
                    return [_zero_or_conj(found[index], inputs[index]) for index in argnums]
                gradients = host_gradients(pullback(inputs, result, np.conj(cotangent)), inputs)
                return [np.conj(gradients[index]) for index in argnums]

            return pull

        return lambda *inputs: _operation(*map(self.asarray, inputs), forward=plain_forward, vjp=vjp_of_operation)


# One for all operations: autograd keeps the derivative of every primitive for as long as the process lives.
@primitive
def _operation(*inputs: Any, forward: Callable[..., Any], vjp: Callable[..., Any]) -> Any:
    return forward(*inputs)


defvjp_argnums(_operation, lambda argnums, result, inputs, given: given["vjp"](argnums, result, inputs))


@cache
def _is_taken(dtype: Any) -> bool:
    """Tell whether arrays of a type are taken as they are."""
    return bool(dtype.isnative) and dtype.name in ARRAY_TYPES


@cache
def _name(dtype: Any) -> str:
    # NumPy works the name out anew at each look.
    return str(dtype.name)


def _zero_or_conj(gradient: Array | None, like: Array) -> Array:
    return np.zeros(like.shape, like.dtype) if gradient is None else autograd.numpy.conj(gradient)


_trace_numbers = threading.Lock()


def _new_trace() -> int:
    # Never handed back: autograd's own counter goes down when a trace ends, which two threads can't share.
    with _trace_numbers:
        trace_stack.top += 1
        return int(trace_stack.top)


def _backward_pass(cotangent: Array, end: VJPNode, roots: Sequence[VJPNode]) -> list[Array | None]:
    """Send a cotangent from a node back to the roots; None for a root that nothing reaches.

    autograd's own pass returns one root's gradient and zeros for one that is not connected.
    """
    found = {end: (cotangent, False)}
    for node in toposort(end):
        if not node.parents:
            continue
        gradients = node.vjp(found.pop(node)[0])
        for parent, gradient in zip(node.parents, gradients, strict=True):
            found[parent] = add_outgrads(found.get(parent), gradient)
    return [found[root][0] if root in found else None for root in roots]


def _unbox(aux: Any, trace: int) -> Any:
    return tree.map_leaves(lambda leaf: leaf._value if isbox(leaf) and leaf._trace == trace else leaf, aux)


# What Python, NumPy and autograd say of a box that they can't use; messages of the user's that show one read otherwise.
_REFUSALS = (
    "not 'ArrayBox'",
    "not ArrayBox",
    "type ArrayBox",
    "'ArrayBox' object",
    "no implementation found",
    "VJP of",
    "Can't differentiate w.r.t. type",
)


def _is_refusal(text: str) -> bool:
    return any(sign in text for sign in _REFUSALS)


@contextmanager
def _refusals_named() -> Iterator[None]:
    """Turn autograd's refusals, which come as errors of many types, into the protocol's one."""
    try:
        yield
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        if isinstance(error, KetgradError) or not _is_refusal(f"{error} {error.__cause__ or ''}"):
            raise
        raise UntraceableError(
            f"autograd can't follow the function ({error}); use autograd.numpy or the backend's operations in it"
        ) from error


if TYPE_CHECKING:
    _: type[ArrayBackend] = NumpyBackend
