"""SciPy's minimizers with exact gradients, and exact Hessians for those that take them."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.extensions import missing_framework
from ketgrad.optimize.problem import Problem
from ketgrad.optimize.vectors import Layout
from ketgrad.transforms import hessian as hessian_of

WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")
WITH_GRADIENT = ("cg", "bfgs", "l-bfgs-b", "tnc", "slsqp")
WITH_HESSIAN = ("newton-cg", "trust-constr")
NEED_HESSIAN = ("dogleg", "trust-ncg", "trust-krylov", "trust-exact")
MADE_HERE = ("jac", "hess", "hessp", "fun")


def minimize_scipy(
    f: Callable[..., Any],
    x0: Any,
    method: str = "L-BFGS-B",
    args: tuple[Any, ...] = (),
    *,
    hessian: bool | None = None,
    **options: Any,
) -> Any:
    """Minimize f(x, *args) by `scipy.optimize.minimize`, with the exact gradient and, where it is used, Hessian.

    SciPy sees the parameters as one float64 vector, all elements in order; so do `bounds`, `callback` and the like.

    Parameters
    ----------
    f
        Takes the parameters, and what is in `args`, and returns one real number.
    x0
        Where to begin: an array, a list of numbers, or nested lists, tuples and dictionaries of arrays.
    method
        SciPy's name of a method.
    args
        What else the function takes, which stays as it is, such as inputs.
    hessian
        Whether SciPy gets the matrix of second derivatives; left out, for the methods that take one: "Newton-CG",
        "trust-constr", "dogleg", "trust-ncg", "trust-krylov" and "trust-exact".
    options
        What else `scipy.optimize.minimize` takes, such as `tol`, `bounds`, `constraints`, `callback` and `options`.

    Returns
    -------
    scipy.optimize.OptimizeResult
        As SciPy gives it, with `x` in the structure of x0, native arrays outside of any graph.

    Raises
    ------
    MissingFrameworkError
        If SciPy is not installed: `pip install ketgrad[scipy]`.

    Examples
    --------
    >>> import ketgrad as kg
    >>> theta = kg.parameters("theta", (2,))
    >>> energy = kg.function(kg.Circuit(2).ry(theta[0], 0).cx(0, 1).ry(theta[1], 1), kg.expval(kg.Z(0) @ kg.Z(1)))
    >>> result = kg.optimize.minimize_scipy(energy, [0.4, 0.3], "BFGS")
    >>> round(result.fun, 9), result.success
    (-1.0, True)
    """
    name, minimize = _checked_method(method, hessian, options), _scipy_minimize()
    _check_options(minimize, options)
    problem = Problem.of(f, args)
    layout = Layout.of(problem.backend, problem.parameters(x0))
    derivatives: dict[str, Any] = {} if name in WITHOUT_GRADIENT else {"jac": True}
    if name in NEED_HESSIAN or (name in WITH_HESSIAN and hessian is not False):
        derivatives["hess"] = _second(problem, layout)
    value = _value(problem, layout) if name in WITHOUT_GRADIENT else _value_and_gradient(problem, layout)
    start = layout.vector(layout.rebuild(list(layout.like)))
    result = minimize(value, start, method=method, **derivatives, **options)
    result.x = layout.parameters(result.x)
    return result


def _checked_method(method: Any, hessian: bool | None, options: dict[str, Any]) -> str:
    known = (*WITHOUT_GRADIENT, *WITH_GRADIENT, *WITH_HESSIAN, *NEED_HESSIAN)
    name = method.lower() if isinstance(method, str) else ""
    if name not in known:
        raise InvalidValueError(f"method is {method!r}; give one of SciPy's, {', '.join(known)}")
    if hessian and name not in (*WITH_HESSIAN, *NEED_HESSIAN):
        takers = ", ".join((*WITH_HESSIAN, *NEED_HESSIAN))
        raise InvalidValueError(f"{method} takes no Hessian; leave hessian out, or give one of {takers}")
    if hessian is False and name in NEED_HESSIAN:
        raise InvalidValueError(f"{method} needs the Hessian; leave hessian out, or give another method")
    for option in MADE_HERE:
        if option in options:
            raise InvalidTypeError(f"{option} is made from f by differentiating it; leave {option} out")
    return name


def _check_options(minimize: Callable[..., Any], options: dict[str, Any]) -> None:
    names = [name for name in signature(minimize).parameters if name not in (*MADE_HERE, "x0", "args", "method")]
    for option in options:
        if option not in names:
            raise InvalidTypeError(
                f"minimize_scipy takes no {option}, but hessian and what SciPy takes: {', '.join(names)}; a number of "
                'steps is options={"maxiter": 100}, and a seed belongs to the function'
            )


def _value(problem: Problem, layout: Layout) -> Callable[[Any], float]:
    return lambda vector: problem.number(layout.parameters(vector))


def _value_and_gradient(problem: Problem, layout: Layout) -> Callable[[Any], tuple[float, Any]]:
    def evaluate(vector: Any) -> tuple[float, Any]:
        value, gradient = problem.value_and_grad(layout.parameters(vector))
        return float(problem.backend.to_numpy(value)), layout.vector(gradient)

    return evaluate


def _second(problem: Problem, layout: Layout) -> Callable[[Any], Any]:
    def of_vector(vector: Any) -> Any:
        return problem.loss(layout.within_graph(vector))

    second = hessian_of(of_vector)

    def evaluate(vector: Any) -> Any:
        matrix = second(layout.native(vector))
        return np.asarray(problem.backend.to_numpy(matrix), "float64")

    return evaluate


def _scipy_minimize() -> Callable[..., Any]:
    try:
        from scipy.optimize import minimize
    except ModuleNotFoundError as error:
        raise missing_framework("ketgrad.optimize.minimize_scipy", error) from error
    return minimize
