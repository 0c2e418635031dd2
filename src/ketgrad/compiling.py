"""Compiling that may fail at the first call, when frameworks really compile, and then gives way to plain execution."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ketgrad import tree
from ketgrad.errors import EagerFallbackWarning
from ketgrad.protocol import ArrayBackend


def compile_or_run(
    backend: ArrayBackend,
    compiled: Callable[..., Any],
    function: Callable[..., Any],
    is_refusal: Callable[[Exception], bool],
) -> Callable[..., Any]:
    """Call `compiled`; once it raises a refusal to compile, warn and call `function` from then on.

    Any other exception is the function's own and comes through. Floats, complex numbers and NumPy arrays among the
    arguments become arrays first, since frameworks compile anew for each value of a Python number.
    """
    runs_eagerly = False

    @wraps(function)
    def run(*given: Any, **options: Any) -> Any:
        nonlocal runs_eagerly
        args = tree.map_leaves(native, given)
        kwargs = tree.map_leaves(native, options)
        if runs_eagerly:
            return function(*args, **kwargs)
        try:
            return compiled(*args, **kwargs)
        except Exception as refusal:
            if not is_refusal(refusal):
                raise
            runs_eagerly = True
            reason = str(refusal).strip().partition("\n")[0]
            name = getattr(function, "__name__", "the function")
            warnings.warn(
                f"{name} could not be compiled and runs uncompiled: {type(refusal).__name__}: {reason}",
                EagerFallbackWarning,
                stacklevel=3,
            )
        return function(*args, **kwargs)

    def native(leaf: Any) -> Any:
        return backend.asarray(leaf) if isinstance(leaf, float | complex | np.ndarray) else leaf

    return run
