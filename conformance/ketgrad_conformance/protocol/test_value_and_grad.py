"""`value_and_grad`: what it takes, what it returns, what it refuses."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.precision import real_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import covers, requires

pytestmark = covers("value_and_grad")


class Layer(NamedTuple):
    """A container that the user made."""

    weight: Any
    bias: Any


def gradient_close(backend: ArrayBackend, actual: Any, expected: Any, **options: Any) -> None:
    """Expect a first derivative, as exactly as the backend's capabilities allow."""
    expect.close(backend, actual, expected, **{"tolerance": expect.derivative_tolerance(backend)} | options)


@pytest.mark.usefixtures("precision")
def test_a_python_float_is_differentiated_in_the_precision_in_force(backend: ArrayBackend) -> None:
    value, gradient = expect.value_and_grad(backend, lambda x: x * x, 3.0)
    expect.close(backend, value, 9.0)
    gradient_close(backend, gradient, 6.0)


def test_a_python_integer_counts_as_a_float(backend: ArrayBackend) -> None:
    _, gradient = expect.value_and_grad(backend, lambda x: x * x, 3)
    gradient_close(backend, gradient, 6.0)


@pytest.mark.double_precision
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_and_gradient_have_the_argument_s_type(backend: ArrayBackend, dtype: str) -> None:
    leaf = backend.asarray([1.0, 2.0], dtype=dtype)
    value, gradient = expect.value_and_grad(backend, lambda x: backend.sum(x * x), leaf)
    tolerance = 1e-5 if dtype == "float32" else 1e-8
    expect.close(backend, value, 5.0, dtype=dtype)
    expect.close(backend, gradient, [2.0, 4.0], dtype=dtype, tolerance=tolerance)


def test_an_argument_number_gives_one_gradient_and_a_sequence_a_tuple(backend: ArrayBackend) -> None:
    def function(x: Array, y: Array) -> Array:
        return x * x * y

    _, alone = expect.value_and_grad(backend, function, 2.0, 5.0, argnums=1)
    gradient_close(backend, alone, 4.0)
    _, pair = expect.value_and_grad(backend, function, 2.0, 5.0, argnums=(1, 0))
    assert isinstance(pair, tuple)
    gradient_close(backend, pair[0], 4.0)
    gradient_close(backend, pair[1], 20.0)
    _, last = expect.value_and_grad(backend, function, 2.0, 5.0, argnums=[-1])
    assert isinstance(last, tuple)
    gradient_close(backend, last[0], 4.0)


def test_other_arguments_reach_the_function_as_they_are(backend: ArrayBackend) -> None:
    def function(x: Array, count: int, *, note: str) -> Array:
        assert (type(count), note) == (int, "kept")
        return x * count

    with expect.differentiation(backend):
        _, gradient = backend.value_and_grad(function)(2.0, 3, note="kept")
    gradient_close(backend, gradient, 3.0)


def test_nested_containers_give_gradients_in_the_same_structure(backend: ArrayBackend) -> None:
    def function(model: dict[str, Any]) -> Array:
        first, second = model["layers"]
        return backend.sum(first.weight * second.weight) + first.bias * second.bias * model["scale"]

    layers = [Layer(backend.asarray([1.0, 2.0]), 3.0), Layer(backend.asarray([5.0, 7.0]), 11.0)]
    value, gradient = expect.value_and_grad(backend, function, {"layers": layers, "scale": 2.0})
    expect.close(backend, value, 5.0 + 14.0 + 66.0)
    assert list(gradient) == ["layers", "scale"]
    assert [type(layer) for layer in gradient["layers"]] == [Layer, Layer]
    gradient_close(backend, gradient["layers"][0].weight, [5.0, 7.0])
    gradient_close(backend, gradient["layers"][1].weight, [1.0, 2.0])
    gradient_close(backend, gradient["layers"][0].bias, 22.0)
    gradient_close(backend, gradient["layers"][1].bias, 6.0)
    gradient_close(backend, gradient["scale"], 33.0)


def test_something_beside_the_value_is_handed_through(backend: ArrayBackend) -> None:
    def function(x: Array) -> tuple[Array, dict[str, Any]]:
        return backend.sum(x * x), {"twice": 2.0 * x, "note": "kept"}

    (value, aux), gradient = expect.value_and_grad(backend, function, backend.asarray([1.0, 2.0]), has_aux=True)
    expect.close(backend, value, 5.0)
    expect.close(backend, aux["twice"], [2.0, 4.0])
    assert aux["note"] == "kept"
    gradient_close(backend, gradient, [2.0, 4.0])


@requires("complex-autodiff")
def test_the_gradient_by_a_complex_argument_points_up_the_steepest_way(backend: ArrayBackend) -> None:
    # By `vjp` first: without it `value_and_grad` would still get there, by finite differences.
    leaf = backend.asarray(1.0 + 2.0j)
    backend.vjp(lambda z: (backend.real(z), None), [leaf])
    value, gradient = backend.value_and_grad(lambda z: backend.real(backend.conj(z) * z))(leaf)
    expect.close(backend, value, 5.0)
    expect.close(backend, gradient, 2.0 + 4.0j, dtype=backend.dtype(leaf))


def test_value_and_gradient_are_native_and_concrete(backend: ArrayBackend) -> None:
    value, gradient = expect.value_and_grad(backend, lambda x: backend.sum(x), backend.asarray([1.0, 2.0]))
    for result in (value, gradient):
        assert backend.is_array(result)
        assert backend.is_concrete(result)
        assert backend.dtype(result) == real_type()


@pytest.mark.parametrize(
    ("argument", "words"),
    [([1, 2], ["int", "argument 0"]), (True, ["True"]), (None, ["None"]), ("1.0", ["1.0"])],
    ids=["integers", "bool", "None", "text"],
)
def test_an_argument_that_has_no_derivative_is_refused(backend: ArrayBackend, argument: Any, words: list[str]) -> None:
    given = backend.asarray(argument) if isinstance(argument, list) else argument
    with expect.refusal(InvalidTypeError, *words):
        backend.value_and_grad(lambda x: backend.asarray(1.0))(given)


def test_a_result_that_is_no_real_scalar_is_refused(backend: ArrayBackend) -> None:
    x = backend.asarray([1.0, 2.0])
    with expect.refusal(InvalidValueError, "(2,)"):
        backend.value_and_grad(lambda x: x)(x)
    with expect.refusal(InvalidTypeError, "complex"):
        backend.value_and_grad(lambda x: backend.sum(backend.astype(x, "complex64")))(x)
    with expect.refusal(InvalidTypeError, "tuple"):
        backend.value_and_grad(lambda x: (backend.sum(x), x))(x)


def test_an_argument_number_out_of_range_is_refused(backend: ArrayBackend) -> None:
    with expect.refusal(InvalidValueError, "argument 2"):
        backend.value_and_grad(lambda x: x, argnums=2)(1.0)
    with expect.refusal(InvalidValueError):
        backend.value_and_grad(lambda x: x, argnums=(0, 0))(1.0)
    with expect.refusal(InvalidTypeError):
        backend.value_and_grad(lambda x: x, argnums="x")(1.0)  # type: ignore[arg-type]
