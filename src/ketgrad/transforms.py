"""Function transformations in the backend in force at the call, so that a decorated function follows `set_backend`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary

from ketgrad.differentiate import derivatives
from ketgrad.errors import InvalidTypeError
from ketgrad.protocol import ArrayBackend, Fallback, InAxes
from ketgrad.registry import get_backend

Function = Callable[..., Any]


def _check_function(name: str, function: Any) -> None:
    if not callable(function):
        raise InvalidTypeError(f"{name} needs a function, got {type(function).__name__}")


def value_and_grad(
    function: Function,
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: bool = False,
    fallback: Fallback = "finite-diff",
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that evaluates another one and its gradient.

    On two paths: the framework's own differentiation (the autograd library for NumPy), then, only for an argument
    whose gradient came back None, central finite differences with step ε^(1/3)·max(1, |x|) in double precision.
    An exception that the function raises comes through as it is.

    Parameters
    ----------
    function
        Takes arrays, numbers, or nested lists, tuples and dictionaries of them; returns one real number (a 0-d array),
        or a pair (number, anything) where `has_aux` is true.
    argnums
        Position or positions of the arguments to differentiate.
    has_aux
        Whether the function returns something more, that is not differentiated.
    fallback
        "finite-diff", or "error" to raise instead where the framework gives no gradient.

    Returns
    -------
    Callable
        Returns (value, gradient), or ((value, aux), gradient). The gradient has the argument's structure, shapes and
        types, in a tuple where `argnums` is a sequence. All are native arrays and can be differentiated again. By a
        complex argument z = x + iy the gradient is ∂f/∂x + i ∂f/∂y on every backend.

    Raises
    ------
    GradientError
        At the call, with `fallback="error"`, naming the argument without a gradient.
    InvalidTypeError, InvalidValueError
        If an argument is no number or array of floating type, or the function returns no real scalar.

    Warns
    -----
    GradientFallbackWarning
        Naming the arguments done by finite differences, why, and how many evaluations it took.

    Examples
    --------
    >>> import ketgrad as kg
    >>> value, gradient = kg.value_and_grad(lambda x: x**2)(3.0)
    >>> float(value), float(gradient)
    (9.0, 6.0)
    """

    @wraps(function)
    def evaluate(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        derivative = get_backend().value_and_grad(function, argnums, has_aux=has_aux, fallback=fallback)
        return derivative(*args, **kwargs)

    return evaluate


def grad(
    function: Function,
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: bool = False,
    fallback: Fallback = "finite-diff",
) -> Function:
    """Return the gradient of a real function; as `value_and_grad`, without the value.

    Examples
    --------
    >>> import ketgrad as kg
    >>> float(kg.grad(lambda x: x**3)(2.0))
    12.0
    """

    @wraps(function)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        derivative = derivatives.grad(get_backend(), function, argnums, has_aux=has_aux, fallback=fallback)
        return derivative(*args, **kwargs)

    return evaluate


def jacobian(function: Function, argnums: int | Sequence[int] = 0, *, fallback: Fallback = "finite-diff") -> Function:
    """Return the derivative of an array-valued function, of shape `value.shape + argument.shape`.

    Of a complex result u + iv by a real argument it is ∂u + i ∂v.

    Examples
    --------
    >>> import ketgrad as kg
    >>> import numpy as np
    >>> kg.jacobian(lambda x: x * x)(np.array([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """

    @wraps(function)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        return derivatives.jacobian(get_backend(), function, argnums, fallback=fallback)(*args, **kwargs)

    return evaluate


def hessian(function: Function, argnums: int = 0, *, fallback: Fallback = "finite-diff") -> Function:
    """Return the matrix of second derivatives of a real function by one array, of shape `x.shape + x.shape`.

    Examples
    --------
    >>> import ketgrad as kg
    >>> import numpy as np
    >>> kg.hessian(lambda x: x[0] * x[0] * x[1])(np.array([1.0, 2.0])).tolist()
    [[4.0, 2.0], [2.0, 0.0]]
    """

    @wraps(function)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        return derivatives.hessian(get_backend(), function, argnums, fallback=fallback)(*args, **kwargs)

    return evaluate


def vmap(function: Function, in_axes: InAxes = 0) -> Function:
    """Map a function over a batch axis of its arguments; results are stacked along axis 0.

    Parameters
    ----------
    function
        Takes arrays or containers of them, and returns an array or a container.
    in_axes
        The axis to map of every argument, or one entry for each; None leaves an argument as it is.

    Raises
    ------
    InvalidValueError
        At the call, if the mapped axes differ in length, or none is mapped.

    Examples
    --------
    >>> import ketgrad as kg
    >>> import numpy as np
    >>> kg.vmap(lambda x, y: x * y, in_axes=(0, None))(np.array([1.0, 2.0]), 3.0).tolist()
    [3.0, 6.0]
    """

    _check_function("vmap", function)

    @wraps(function)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        return get_backend().vmap(function, in_axes)(*args, **kwargs)

    return mapped


def jit(function: Function) -> Function:
    """Compile a function at its first call on each backend: torch.compile, jax.jit, tf.function; nothing on NumPy.

    Warns
    -----
    EagerFallbackWarning
        Once, if compiling failed at the first call; from then on the function runs uncompiled.

    Examples
    --------
    >>> import ketgrad as kg
    >>> @kg.jit
    ... def double(x):
    ...     return 2 * x
    >>> double(4)
    8
    """
    _check_function("jit", function)
    compiled: WeakKeyDictionary[ArrayBackend, Function] = WeakKeyDictionary()

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        backend = get_backend()
        if backend not in compiled:
            compiled[backend] = backend.jit(function)
        return compiled[backend](*args, **kwargs)

    return run
