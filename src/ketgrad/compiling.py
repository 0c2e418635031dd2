"""Compiling a function: once for each kind of call, and not at all where that fails.

The way through: the arguments are taken apart into arrays and the rest; the rest, the arrays' shapes and types, and the
precision in force make the kind of call; for a new kind the framework compiles a function of the arrays alone, which
remembers how its results go back into the structure that the user's function returned.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np

from ketgrad import tree
from ketgrad.errors import EagerFallbackWarning, InvalidTypeError
from ketgrad.placement import as_array, device_among
from ketgrad.precision import get_precision
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.warning import warn_user

OverArrays = Callable[..., tuple[Array, ...]]


@dataclass(frozen=True)
class Compiler:
    """What a framework brings to compile with."""

    compile: Callable[[OverArrays, Sequence[Array]], OverArrays]
    """Compiles a function of arrays, given the arrays of the first call."""
    is_refusal: Callable[[Exception], bool]
    """Tells a refusal to compile from an error of the user's function."""
    is_inlined: Callable[[], bool] = lambda: False
    """Tells whether a compilation around this call takes the function in as it is."""
    state: Callable[[Array | None], Hashable] = lambda array: None
    """What else, of an array or (None) of the framework, makes another kind of call."""


@dataclass
class _Trace:
    """One kind of call: the compiled function, and where its results go."""

    run: OverArrays | None = None
    rebuild: Callable[[list[Any]], Any] = lambda leaves: leaves
    places: list[int] = field(default_factory=list)
    static: list[Any] = field(default_factory=list)

    def structured(self, results: Sequence[Array]) -> Any:
        leaves = list(self.static)
        for place, result in zip(self.places, results, strict=True):
            leaves[place] = result
        return self.rebuild(leaves)


def compiled_function(backend: ArrayBackend, function: Callable[..., Any], compiler: Compiler) -> Callable[..., Any]:
    """Return the function, compiled at its first call; once that is refused, warn and run it uncompiled from then on.

    Floats, complex numbers and NumPy arrays among the arguments become arrays first, since frameworks compile anew for
    each value of a Python number; whatever else is no array is part of the kind of call. An exception of the function's
    own comes through.
    """
    if not callable(function):
        raise InvalidTypeError(f"jit needs a function, got {type(function).__name__}")
    traces: dict[Hashable, _Trace] = {}
    runs_plainly = False

    @wraps(function)
    def run(*given: Any, **options: Any) -> Any:
        nonlocal runs_plainly
        device = device_among(backend, (given, options))

        def native(leaf: Any) -> Any:
            return as_array(backend, leaf, device) if isinstance(leaf, float | complex | np.ndarray) else leaf

        args, kwargs = tree.map_leaves(native, given), tree.map_leaves(native, options)
        if runs_plainly or compiler.is_inlined():
            return function(*args, **kwargs)
        try:
            return _run_compiled(backend, function, compiler, traces, (args, kwargs))
        except Exception as refusal:
            if not compiler.is_refusal(refusal):
                raise
            runs_plainly = True
            _announce(function, refusal)
        return function(*args, **kwargs)

    return run


def _run_compiled(
    backend: ArrayBackend,
    function: Callable[..., Any],
    compiler: Compiler,
    traces: dict[Hashable, _Trace],
    arguments: tuple[Any, Any],
) -> Any:
    leaves, _, rebuild = tree.flatten(arguments)
    arrays = [leaf for leaf in leaves if backend.is_array(leaf)]
    structure = repr(tree.map_leaves(lambda leaf: None, arguments))
    kind = (structure, tuple(_kind(backend, compiler, leaf) for leaf in leaves), get_precision(), compiler.state(None))
    trace = traces.get(kind) or _Trace()

    def over_arrays(*stand_ins: Array) -> tuple[Array, ...]:
        rest = iter(stand_ins)
        args, kwargs = rebuild([next(rest) if backend.is_array(leaf) else leaf for leaf in leaves])
        results, _, trace.rebuild = tree.flatten(function(*args, **kwargs))
        trace.places = [index for index, leaf in enumerate(results) if backend.is_array(leaf)]
        trace.static = [None if index in trace.places else leaf for index, leaf in enumerate(results)]
        return tuple(results[index] for index in trace.places)

    if trace.run is None:
        trace.run = compiler.compile(over_arrays, arrays)
    structured = trace.structured(trace.run(*arrays))
    traces[kind] = trace
    return structured


def _kind(backend: ArrayBackend, compiler: Compiler, leaf: Any) -> Hashable:
    if backend.is_array(leaf):
        return tuple(leaf.shape), backend.dtype(leaf), compiler.state(leaf)
    try:
        hash(leaf)
    except TypeError:
        return id(leaf)
    return type(leaf), leaf


def _announce(function: Callable[..., Any], refusal: Exception) -> None:
    reason = str(refusal).strip().partition("\n")[0]
    name = getattr(function, "__name__", "the function")
    warn_user(
        f"{name} could not be compiled and runs uncompiled: {type(refusal).__name__}: {reason}", EagerFallbackWarning
    )
