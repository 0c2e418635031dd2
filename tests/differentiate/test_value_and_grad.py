"""`value_and_grad` where automatic differentiation does it all: arguments, containers, what is handed through."""

import math
from collections import OrderedDict
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect


class Layer(NamedTuple):
    """A named tuple of parameters."""

    weight: object
    bias: object


def square(x):
    return kg.backend.sum(x * x)


# Arguments


def test_an_argument_named_twice_gives_two_gradients(autodiff_backend):
    x = autodiff_backend.asarray(3.0)
    _, (first, second) = kg.value_and_grad(lambda a, b: a * b * b, argnums=(0, 1))(x, x)
    expect.close(autodiff_backend, first, 9.0)
    expect.close(autodiff_backend, second, 18.0)


def test_an_argument_used_twice_but_differentiated_once_gives_one_part(autodiff_backend):
    x = autodiff_backend.asarray(3.0)
    expect.close(autodiff_backend, kg.grad(lambda a, b: a * b * b, argnums=1)(x, x), 18.0)


def test_one_array_in_two_places_of_a_container_gives_two_gradients(autodiff_backend):
    x = autodiff_backend.asarray(3.0)
    first, second = kg.grad(lambda pair: pair[0] * pair[1] * pair[1])([x, x])
    expect.close(autodiff_backend, first, 9.0)
    expect.close(autodiff_backend, second, 18.0)


def test_a_leaf_of_the_framework_given_twice_gives_two_gradients(autodiff_backend):
    x = autodiff_backend.requires_grad(autodiff_backend.asarray(3.0))
    first, second = kg.grad(lambda a, b: a * b * b, argnums=(0, 1))(x, x)
    expect.close(autodiff_backend, first, 9.0)
    expect.close(autodiff_backend, second, 18.0)


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [((0, 2), (35.0, 10.0)), ([2, 0], (10.0, 35.0)), ((-1,), (10.0,)), ((1,), (14.0,)), ((-3, -1), (35.0, 10.0))],
    ids=repr,
)
def test_several_arguments_give_a_tuple_in_the_order_asked_for(autodiff_backend, argnums, expected):
    found = kg.grad(lambda x, y, z: x * y * z, argnums)(2.0, 5.0, 7.0)
    assert isinstance(found, tuple)
    for actual, number in zip(found, expected, strict=True):
        expect.close(autodiff_backend, actual, number)


def test_one_argument_gives_its_gradient_alone(autodiff_backend):
    expect.close(autodiff_backend, kg.grad(lambda x, y, z: x * y * z, -2)(2.0, 5.0, 7.0), 14.0)


def test_arguments_by_name_reach_the_function_as_they_are(autodiff_backend):
    seen = {}

    def function(x, *, power, note, data):
        seen.update(power=power, note=note, data=data)
        return x * power

    data = np.array([1, 2])
    expect.close(autodiff_backend, kg.grad(function)(2.0, power=3, note="kept", data=data), 3.0)
    assert seen == {"power": 3, "note": "kept", "data": data}
    assert type(seen["power"]) is int
    assert seen["data"] is data


def test_arguments_that_are_not_differentiated_reach_the_function_as_they_are(autodiff_backend):
    given = ("text", None, object(), np.array([1, 2]), {"a": 3})
    seen = []

    def function(x, *rest):
        seen.extend(rest)
        return x * x

    expect.close(autodiff_backend, kg.grad(function)(2.0, *given), 4.0)
    assert all(found is expected for found, expected in zip(seen, given, strict=True))


@pytest.mark.parametrize("number", [3, 3.0, np.float64(3.0)], ids=repr)
def test_a_number_counts_as_an_array_of_the_precision_in_force(autodiff_backend, number):
    seen = []

    def function(x):
        seen.append((autodiff_backend.is_array(x), autodiff_backend.dtype(x), tuple(x.shape)))
        return x * x

    value, gradient = kg.value_and_grad(function)(number)
    expect.close(autodiff_backend, value, 9.0)
    expect.close(autodiff_backend, gradient, 6.0)
    assert seen == [(True, "float64", ())]


def test_the_function_is_called_once_where_automatic_differentiation_does_it_all(autodiff_backend):
    calls = []

    def function(x, y):
        calls.append(1)
        return square(x) * square(y)

    kg.value_and_grad(function, argnums=(0, 1))(np.array([1.0, 2.0]), np.array([3.0]))
    assert len(calls) == 1


@pytest.mark.parametrize(
    "array",
    [
        np.arange(8.0)[::2],
        np.arange(8.0)[::-1][:4],
        np.arange(16.0).reshape(4, 4)[:, 1],
        np.broadcast_to(np.float64(3.0), (4,)),
        np.array([1.0, 2.0, 3.0, 4.0], ">f8"),
        np.frombuffer(np.arange(4.0).tobytes()),
        np.asfortranarray(np.arange(8.0).reshape(4, 2)),
        np.zeros(0),
    ],
    ids=["strided", "reversed", "column", "broadcast", "big-endian", "read-only", "Fortran order", "empty"],
)
def test_any_numpy_array_is_an_argument_and_stays_as_it_was(autodiff_backend, array):
    before = array.tolist()
    value, gradient = kg.value_and_grad(square)(array)
    # Σ x² and 2x
    expect.close(autodiff_backend, value, sum(x * x for x in np.ravel(before).tolist()))
    expect.close(autodiff_backend, gradient, (2 * np.array(before)).tolist())
    assert array.tolist() == before


def test_a_nested_list_of_numbers_is_differentiated_number_by_number(autodiff_backend):
    gradient = kg.grad(lambda rows: rows[0][0] * rows[0][1] * rows[1][0])([[1.0, 2.0], [3.0]])
    assert [type(row) for row in gradient] == [list, list]
    for actual, expected in zip([*gradient[0], *gradient[1]], [6.0, 3.0, 2.0], strict=True):
        expect.close(autodiff_backend, actual, expected)


# Containers


def test_the_gradient_has_the_container_s_structure(autodiff_backend):
    def function(model):
        first, second = model["layers"]
        scale = model["head"][0]
        return (square(first.weight) + first.bias * second.bias) * scale + square(second.weight)

    model = {
        "layers": [Layer(np.array([1.0, 2.0]), 3.0), Layer(np.array([[5.0], [7.0]]), 11.0)],
        "head": (2.0,),
    }
    value, gradient = kg.value_and_grad(function)(model)
    expect.close(autodiff_backend, value, (5.0 + 33.0) * 2.0 + 74.0)
    assert list(gradient) == ["layers", "head"]
    assert type(gradient["layers"]) is list
    assert type(gradient["head"]) is tuple
    assert [type(layer) for layer in gradient["layers"]] == [Layer, Layer]
    expect.close(autodiff_backend, gradient["layers"][0].weight, [4.0, 8.0])
    expect.close(autodiff_backend, gradient["layers"][0].bias, 22.0)
    expect.close(autodiff_backend, gradient["layers"][1].weight, [[10.0], [14.0]])
    expect.close(autodiff_backend, gradient["layers"][1].bias, 6.0)
    expect.close(autodiff_backend, gradient["head"][0], 38.0)


def test_an_ordered_dictionary_gives_an_ordered_dictionary(autodiff_backend):
    gradient = kg.grad(lambda p: p["w"] * p["b"])(OrderedDict(w=2.0, b=3.0))
    assert type(gradient) is OrderedDict
    expect.close(autodiff_backend, gradient["w"], 3.0)


def test_empty_containers_in_an_argument_come_back_empty(autodiff_backend):
    gradient = kg.grad(lambda p: square(p["w"]))({"w": np.array([1.0]), "none": [], "nothing": {}, "nil": ()})
    expect.close(autodiff_backend, gradient["w"], [2.0])
    assert (gradient["none"], gradient["nothing"], gradient["nil"]) == ([], {}, ())


def test_each_leaf_s_gradient_has_the_leaf_s_own_type(autodiff_backend):
    def function(p):
        wide = autodiff_backend.astype(p["single"], "float64")
        return square(wide) * p["double"] + autodiff_backend.real(autodiff_backend.conj(p["z"]) * p["z"])

    gradient = kg.grad(function)({"single": np.float32([1.0, 2.0]), "double": 3.0, "z": 1.0 + 2.0j})
    expect.close(autodiff_backend, gradient["single"], [6.0, 12.0], dtype="float32")
    expect.close(autodiff_backend, gradient["double"], 5.0, dtype="float64")
    expect.close(autodiff_backend, gradient["z"], 2.0 + 4.0j, dtype="complex128")


def test_single_precision_arguments_stay_single_while_double_is_in_force(autodiff_backend):
    value, gradient = kg.value_and_grad(square)(np.float32([1.0, 2.0, 3.0]))
    expect.close(autodiff_backend, value, 14.0, dtype="float32")
    expect.close(autodiff_backend, gradient, [2.0, 4.0, 6.0], dtype="float32")


# Complex arguments: the gradient of Re g is conj(g′), that of Im g is i·conj(g′), for holomorphic g.


@pytest.mark.parametrize(
    ("part", "expected"), [("real", 3 * (1 - 2j) ** 2), ("imag", 3j * (1 - 2j) ** 2)], ids=["real", "imag"]
)
def test_a_part_of_a_holomorphic_function_has_the_conjugate_derivative(autodiff_backend, part, expected):
    gradient = kg.grad(lambda z: getattr(kg.backend, part)(z * z * z))(1.0 + 2.0j)
    expect.close(autodiff_backend, gradient, expected, dtype="complex128")


def test_a_step_along_the_complex_gradient_goes_up(autodiff_backend):
    def modulus(z):
        return kg.backend.real(kg.backend.conj(z - (3.0 + 4.0j)) * (z - (3.0 + 4.0j)))

    gradient = autodiff_backend.to_numpy(kg.grad(modulus)(0.0j))
    # |z − w|² falls fastest towards w.
    assert np.allclose(-gradient, 2 * (3 + 4j))


# Zero is a gradient


@pytest.mark.parametrize(
    "function",
    [
        lambda x: kg.backend.sum(0.0 * x),
        lambda x: kg.backend.sum(x - x),
        lambda x: kg.backend.sum(kg.backend.cos(0.0 * x)),
        lambda x: kg.backend.sum(kg.backend.real(1j * kg.backend.astype(x, "complex128"))),
        lambda x: kg.backend.sum(x * kg.backend.zeros((2,))),
    ],
    ids=["times zero", "minus itself", "cosine at zero", "real part of i x", "times zeros"],
)
def test_a_gradient_that_is_zero_is_no_gap(autodiff_backend, function):
    gradient = kg.grad(function, fallback="error")(np.array([1.0, 2.0]))
    expect.close(autodiff_backend, gradient, [0.0, 0.0])


def test_a_conversion_to_integers_is_flat(autodiff_backend):
    # x · ⌊x⌋ has the slope ⌊x⌋.
    def function(x):
        return x * autodiff_backend.astype(autodiff_backend.astype(x, "int64"), "float64")

    expect.close(autodiff_backend, kg.grad(function, fallback="error")(1.5), 1.0)


def test_no_imaginary_part_is_dropped_in_silence(autodiff_backend):
    # A warning is an error here.
    with expect.some_error():
        kg.grad(lambda z: autodiff_backend.astype(z, "float64"))(1.0 + 2.0j)


def test_a_partly_detached_argument_has_the_gradient_of_its_other_part(autodiff_backend):
    # The truth is 2x; automatic differentiation sees one factor and says nothing.
    gradient = kg.grad(lambda x: kg.backend.sum(kg.backend.detach(x) * x), fallback="error")(np.array([3.0, 5.0]))
    expect.close(autodiff_backend, gradient, [3.0, 5.0])


# What comes beside the value


def test_what_comes_beside_the_value_is_handed_through(autodiff_backend):
    marker = object()

    def function(x):
        aux = {"twice": 2.0 * x, "text": "kept", "none": None, "pair": Layer(x, [1, marker])}
        return square(x), aux

    (value, aux), gradient = kg.value_and_grad(function, has_aux=True)(np.array([1.0, 2.0]))
    expect.close(autodiff_backend, value, 5.0)
    expect.close(autodiff_backend, gradient, [2.0, 4.0])
    expect.close(autodiff_backend, aux["twice"], [2.0, 4.0])
    expect.close(autodiff_backend, aux["pair"].weight, [1.0, 2.0])
    assert aux["text"] == "kept"
    assert aux["none"] is None
    assert type(aux["pair"]) is Layer
    assert aux["pair"].bias == [1, marker]


def test_grad_returns_gradient_and_aux(autodiff_backend):
    gradient, aux = kg.grad(lambda x: (x * x, "text"), has_aux=True)(3.0)
    expect.close(autodiff_backend, gradient, 6.0)
    assert aux == "text"


def test_aux_of_an_inner_derivative_stays_connected_to_the_outer_one(autodiff_backend):
    def outer(x):
        (_, aux), gradient = kg.value_and_grad(lambda y: (y * y * y, y * y), has_aux=True)(x)
        return gradient * aux

    # 3x² · x²
    expect.close(autodiff_backend, kg.grad(outer)(2.0), 12.0 * 8.0)


# Functions of many kinds


class Model:
    """A callable object with a method."""

    def __call__(self, x):
        return x * x

    def cubed(self, x):
        return x * x * x


@pytest.mark.parametrize(
    ("function", "expected"),
    [(Model(), 4.0), (Model().cubed, 12.0), (partial(lambda a, x: a * x, 5.0), 5.0), (lambda x: x, 1.0)],
    ids=["object", "method", "partial", "lambda"],
)
def test_whatever_can_be_called_is_differentiated(autodiff_backend, function, expected):
    expect.close(autodiff_backend, kg.grad(function)(2.0), expected)


def test_a_parameter_used_five_times_sums_over_its_uses(autodiff_backend):
    def energy(theta):
        circuit = kg.Circuit(1)
        for _ in range(5):
            circuit.rx(theta, 0)
        return circuit.expectation(kg.Z(0))

    value, gradient = kg.value_and_grad(energy)(0.3)
    expect.close(autodiff_backend, value, math.cos(1.5))
    expect.close(autodiff_backend, gradient, -5.0 * math.sin(1.5))


@pytest.mark.parametrize(
    "observable",
    [
        lambda a, b: kg.PauliSum({"Z0": a, "X0": b}),
        lambda a, b: kg.Z(0) * a + kg.X(0) * b,
        lambda a, b: a * kg.Z(0) + b * kg.X(0),
    ],
    ids=["mapping", "number on the right", "number on the left"],
)
def test_the_gradient_by_an_observable_s_coefficients_is_their_expectation(autodiff_backend, observable):
    def energy(coefficients):
        return kg.Circuit(1).ry(0.3, 0).expectation(observable(coefficients["z"], coefficients["x"]))

    value, gradient = kg.value_and_grad(energy)({"z": 2.0, "x": 3.0})
    expect.close(autodiff_backend, value, 2.0 * math.cos(0.3) + 3.0 * math.sin(0.3))
    expect.close(autodiff_backend, gradient["z"], math.cos(0.3))
    expect.close(autodiff_backend, gradient["x"], math.sin(0.3))


def test_a_circuit_of_nine_qubits_is_differentiated(autodiff_backend):
    # TensorFlow differentiates nothing of more than eight axes.
    # ⟨Z⟩ at the end of a chain of cx is the product of the cosines.
    angles = [0.1 * (k + 1) for k in range(9)]

    def energy(thetas):
        circuit = kg.Circuit(9)
        for qubit in range(9):
            circuit.ry(kg.backend.take(thetas, qubit, axis=0), qubit)
        for qubit in range(8):
            circuit.cx(qubit, qubit + 1)
        return circuit.expectation(kg.Z(8))

    value, gradient = kg.value_and_grad(energy)(np.array(angles))
    product = math.prod(map(math.cos, angles))
    expect.close(autodiff_backend, value, product)
    expect.close(autodiff_backend, gradient, [-product * math.tan(angle) for angle in angles])
