"""The transformations as wrappers: they follow `set_backend` at the call, and keep the function's name and text."""

import functools

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect

TRANSFORMS = ["value_and_grad", "grad", "jacobian", "hessian", "vmap", "jit"]


def cube(x):
    """Raise to the third power."""
    return x * x * x


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_transformed_function_keeps_its_name_and_text(transform):
    transformed = getattr(kg, transform)(cube)
    assert transformed.__name__ == "cube"
    assert transformed.__doc__ == "Raise to the third power."
    assert transformed.__wrapped__ is cube


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_function_without_a_name_is_transformed(transform):
    transformed = getattr(kg, transform)(functools.partial(lambda factor, x: factor * x * x, 3.0))
    assert callable(transformed)
    transformed(np.array([2.0]) if transform == "vmap" else np.array(2.0))


def test_a_function_made_under_one_backend_runs_on_the_one_in_force_at_the_call(autodiff_backend):
    with kg.use_backend("strict"):
        slope, mapped, compiled = kg.grad(cube), kg.vmap(cube), kg.jit(cube)
        values, rows, second = kg.value_and_grad(cube), kg.jacobian(cube), kg.hessian(cube)
    x = np.array([1.0, 2.0])
    expect.close(autodiff_backend, slope(2.0), 12.0)
    expect.close(autodiff_backend, mapped(x), [1.0, 8.0])
    expect.close(autodiff_backend, compiled(autodiff_backend.asarray(2.0)), 8.0)
    expect.close(autodiff_backend, values(2.0)[0], 8.0)
    expect.close(autodiff_backend, rows(x), [[3.0, 0.0], [0.0, 12.0]])
    expect.close(autodiff_backend, second(2.0), 12.0)


def test_one_compiled_function_serves_backend_after_backend(autodiff_backend):
    compiled = kg.jit(lambda x: kg.backend.sin(x) * x)
    for chosen in (autodiff_backend.name, "strict", autodiff_backend.name):
        with kg.use_backend(chosen) as backend:
            expect.close(backend, compiled(backend.asarray(0.0)), 0.0)


def test_transformations_serve_as_decorators(autodiff_backend):
    @kg.grad
    def slope(x):
        return x * x

    @functools.partial(kg.vmap, in_axes=(0, None))
    def scaled(x, factor):
        return x * factor

    expect.close(autodiff_backend, slope(3.0), 6.0)
    expect.close(autodiff_backend, scaled(np.array([1.0, 2.0]), 3.0), [3.0, 6.0])


def test_options_of_a_derivative_are_checked_before_the_function_runs():
    calls = []
    with pytest.raises(kg.KetgradError):
        kg.grad(calls.append, argnums=1)(1.0)
    assert calls == []


def test_a_backend_that_changes_inside_the_function_changes_nothing_outside(autodiff_backend):
    def function(x):
        with kg.use_backend("strict"):
            pass
        return x * x

    expect.close(autodiff_backend, kg.grad(function)(3.0), 6.0)
    assert kg.get_backend() is autodiff_backend


def test_a_map_keeps_containers_of_results(autodiff_backend):
    found = kg.vmap(lambda x: {"twice": 2.0 * x, "pair": (x, [x * x])})(np.array([1.0, 2.0]))
    expect.close(autodiff_backend, found["twice"], [2.0, 4.0])
    assert type(found["pair"]) is tuple
    expect.close(autodiff_backend, found["pair"][1][0], [1.0, 4.0])


def test_a_map_of_dictionaries_of_other_order_mixes_nothing_up(backend):
    # The order of a dictionary may depend on what was put in first; its keys say what is what.
    turns = []

    def function(x):
        turns.append(1)
        first = {"a": x, "b": 10.0 * x}
        return first if len(turns) % 2 else {"b": 10.0 * x, "a": x}

    found = kg.vmap(function)(np.array([1.0, 2.0, 3.0]))
    expect.close(backend, found["a"], [1.0, 2.0, 3.0])
    expect.close(backend, found["b"], [10.0, 20.0, 30.0])
