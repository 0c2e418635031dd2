"""The shapes that go into a Keras layer and come out of it, before there is anything to compute with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ketgrad import tree
from ketgrad.circuit.parameters import Declaration
from ketgrad.circuit_function import CircuitFunction
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.measurements import density_matrix, state
from ketgrad.nn.plan import LayerPlan
from ketgrad.nn.shapes import result_shape
from ketgrad.precision import COMPLEX_TYPES
from ketgrad.protocol import ArrayBackend

Shape = tuple[int | None, ...]
"""Sizes, None for those that are not known yet."""


@dataclass(frozen=True)
class Outline:
    """What a result is behind the axes of the batch: a leaf, for containers of results."""

    shape: tuple[int, ...]
    is_complex: bool


def outlines(plan: LayerPlan, shapes: Sequence[Shape], backend: ArrayBackend, dtype: str) -> Any:
    """Return an outline for each result, in the container that the layer returns, for inputs of these shapes.

    Those of a circuit follow from what it measures; a callable is called once, with zeros.
    """
    if not isinstance(plan.function, CircuitFunction):
        return _outlines_by_call(plan, shapes, backend, dtype)
    items, count = plan.function.execution.measurements, plan.function.num_qubits
    each = tuple(Outline(result_shape(item, count), isinstance(item, state | density_matrix)) for item in items)
    if plan.join:
        return Outline((plan.num_features,), each[0].is_complex)
    return each if len(each) > 1 else each[0]


def _outlines_by_call(plan: LayerPlan, shapes: Sequence[Shape], backend: ArrayBackend, dtype: str) -> Any:
    weights = {weight.name: backend.zeros(weight.shape, dtype=dtype) for weight in plan.weights}
    sizes = [_known_size(*pair) for pair in zip(plan.inputs, shapes, strict=True)]
    results = plan(backend, weights, [backend.zeros((1, size), dtype=dtype) for size in sizes])
    axes = 1 if plan.inputs else 0
    return tree.map_leaves(
        lambda array: Outline(tuple(array.shape)[axes:], backend.dtype(array) in COMPLEX_TYPES), results
    )


def _known_size(name: str, shape: Shape) -> int:
    size = shape[-1]
    if size is None:
        raise InvalidValueError(
            f"{name} has the shape {shape}, and what the function returns may depend on its last size; give one, as "
            "keras.Input((4,)) does"
        )
    return size


def listed_inputs(plan: LayerPlan, inputs: Any) -> list[Any]:
    """Return what a layer was called with as a list with an entry for each input of its function."""
    given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    if len(given) != len(plan.inputs):
        raise InvalidTypeError(
            f"the layer takes {len(plan.inputs)} inputs ({', '.join(plan.inputs) or 'none'}), got {len(given)}; "
            "give several as a list, and name with inputs=... the arrays that are given at a call"
        )
    return given


def listed_shapes(plan: LayerPlan, shapes: Any) -> list[Shape]:
    """Return the shapes of the inputs, of which Keras gives a single one as it is."""
    given = list(shapes or ())
    is_single = not any(isinstance(size, list | tuple) for size in given) and (given or len(plan.inputs) == 1)
    return [tuple(shape) for shape in listed_inputs(plan, [given] if is_single else given)]


def batch_of(plan: LayerPlan, shapes: Sequence[Shape]) -> Shape:
    """Return the axes of the batch, of inputs of these shapes, or refuse shapes that the function can't take."""
    own = _declared(plan)
    batches = []
    for name, shape, axes in zip(plan.inputs, shapes, plan.input_axes, strict=True):
        split = len(shape) - axes
        if split < 0 or (name in own and shape[split:] != own[name].shape):
            wanted = ", ".join(map(str, own[name].shape)) if name in own else "size"
            raise InvalidValueError(f"{name} got values of shape {shape}; give shape (batch..., {wanted})")
        batches.append(shape[:split])
    return _broadcast(batches)


def _declared(plan: LayerPlan) -> dict[str, Declaration]:
    """Return the arrays that a circuit's function declares; those of a callable have whatever sizes it takes."""
    return {array.name: array for array in getattr(plan.function, "parameters", ())}


def _broadcast(batches: Sequence[Shape]) -> Shape:
    """Return the common axes of batches, as NumPy broadcasts them, where a size may be unknown."""
    depth = max(map(len, batches), default=0)
    padded = [(1,) * (depth - len(batch)) + tuple(batch) for batch in batches]
    return tuple(_common_size(sizes, batches) for sizes in zip(*padded, strict=True))


def _common_size(sizes: Sequence[int | None], batches: Sequence[Shape]) -> int | None:
    known = {size for size in sizes if size not in (None, 1)}
    if len(known) > 1:
        raise InvalidValueError(f"the batch axes {', '.join(map(str, batches))} do not broadcast")
    return next(iter(known)) if known else None if None in sizes else 1
