"""Strict arrays refuse whatever the protocol does not promise; what runs on them uses the protocol alone."""

import copy
import math
import operator

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect


@pytest.fixture(autouse=True)
def strict():
    """The strict backend, in force."""
    with kg.use_backend("strict") as backend:
        yield backend


@pytest.fixture
def x():
    """A strict array of float64."""
    return kg.backend.asarray([1.0, 2.0])


FORBIDDEN = {
    "an index": lambda x: x[0],
    "a slice": lambda x: x[:1],
    "writing": lambda x: operator.setitem(x, 0, 1.0),
    "a loop": list,
    "a length": len,
    "membership": lambda x: 1.0 in x,
    "a truth value": bool,
    "a comparison": lambda x: x > 0,
    "a float": float,
    "an integer": int,
    "a complex": complex,
    "an index value": lambda x: range(3)[x],
    "NumPy's asarray": np.asarray,
    "NumPy's array of several": lambda x: np.array([x, x]),
    "NumPy's ufunc": np.sin,
    "NumPy's function": np.sum,
    "NumPy's einsum": lambda x: np.einsum("i->", x),
    "NumPy's stack": lambda x: np.stack([x, x]),
    "NumPy's number on the left": lambda x: np.float64(2.0) * x,
    "NumPy's array on the left": lambda x: np.ones(2) + x,
    "NumPy's number on the right": lambda x: x * np.float64(2.0),
    "NumPy's array on the right": lambda x: x + np.ones(2),
    "a power": lambda x: x**2,
    "matrix product": lambda x: x @ x,
    "floor division": lambda x: x // 2,
    "remainder": lambda x: x % 2,
    "a plus sign": lambda x: +x,
    "absolute value": abs,
    "rounding": round,
    "a complex number with a real array": lambda x: x * 1j,
    "a bool": lambda x: x * True,
    "a list": lambda x: operator.add(x, [1.0, 2.0]),
    "None": lambda x: x + None,
    "a method": lambda x: x.sum(),
    "its type": lambda x: x.dtype,
    "its rank": lambda x: x.ndim,
    "its size": lambda x: x.size,
    "its transpose": lambda x: x.T,
    "its real part": lambda x: x.real,
    "a new attribute": lambda x: setattr(x, "name", "x"),
    "a buffer": memoryview,
    "an item": lambda x: x.item(),
    "a list of values": lambda x: x.tolist(),
}


@pytest.mark.parametrize("way", FORBIDDEN)
def test_what_the_protocol_does_not_promise_is_refused(x, way):
    with pytest.raises((TypeError, AttributeError)):
        FORBIDDEN[way](x)


def test_an_exponent_is_no_operator_of_the_protocol_either_way(x):
    with pytest.raises(TypeError):
        2.0**x


TYPES = ("float32", "float64", "complex64", "complex128", "int64")
PAIRS = [(left, right) for left in TYPES for right in TYPES if left < right]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv]


@pytest.mark.parametrize(("left", "right"), PAIRS, ids=lambda name: name)
def test_arrays_of_different_types_do_not_combine(strict, left, right):
    one, other = strict.asarray([1], dtype=left), strict.asarray([1], dtype=right)
    for combine in OPERATORS:
        for pair in ((one, other), (other, one)):
            with pytest.raises(kg.InvalidTypeError, match=f"{left} and {right}"):
                combine(*pair)


@pytest.mark.parametrize(
    "combine",
    [
        lambda b, x, y: b.stack([x, y]),
        lambda b, x, y: b.einsum("ij,jk->ik", x, y),
        lambda b, x, y: b.matmul(x, y),
        lambda b, x, y: b.solve(x, y),
    ],
    ids=["stack", "einsum", "matmul", "solve"],
)
def test_operations_take_arrays_of_one_type(strict, combine):
    eye = np.eye(2)
    with pytest.raises(kg.InvalidTypeError, match="complex128 and float64"):
        combine(strict, strict.asarray(eye), strict.asarray(eye, dtype="complex128"))


def test_python_numbers_change_no_type(strict):
    for dtype in ("float32", "complex64"):
        x = strict.asarray([1.0], dtype=dtype)
        for result in (2.0 * x, x + 1, 1 - x, x / 3.0, -x):
            assert strict.dtype(result) == dtype
    assert strict.dtype(1j * strict.asarray([1.0], dtype="complex64")) == "complex64"


def test_arrays_of_numpy_s_are_no_strict_arrays(strict):
    assert not strict.is_array(np.ones(2))
    assert not strict.is_array(1.0)
    for operation in (strict.sin, strict.dtype, lambda x: strict.reshape(x, (1, 2)), lambda x: strict.sum(x)):
        with pytest.raises((TypeError, AttributeError)):
            operation(np.ones(2))


def test_the_imaginary_part_of_a_real_array_is_refused(strict, x):
    with pytest.raises(kg.InvalidTypeError, match="complex"):
        strict.imag(x)


def test_values_leave_by_to_numpy_alone_and_as_a_copy(strict, x):
    values = strict.to_numpy(x)
    values[0] = 9.0
    assert strict.to_numpy(x).tolist() == [1.0, 2.0]


def test_what_an_array_was_made_of_may_change_later(strict):
    values = np.array([1.0, 2.0])
    made = strict.array(values)
    values[0] = 9.0
    assert strict.to_numpy(made).tolist() == [1.0, 2.0]


def test_an_array_shows_no_values(x):
    assert "1." not in repr(x)
    assert "2." not in str(x)


def test_an_array_may_be_copied(strict, x):
    assert strict.to_numpy(copy.copy(x)).tolist() == [1.0, 2.0]


# The simulator on strict arrays

GATES = {
    "rx": lambda c, t: c.rx(t, 0),
    "u": lambda c, t: c.u(t, 0.2, 0.3, 1),
    "cu": lambda c, t: c.cu(t, 0.2, 0.3, 0.4, 0, 2),
    "crx": lambda c, t: c.crx(t, 2, 0),
    "rzz": lambda c, t: c.rzz(t, 0, 2),
    "cp": lambda c, t: c.cp(t, 1, 2),
    "iswap": lambda c, t: c.iswap(2, 0),
    "unitary": lambda c, t: c.unitary([[0, 1], [1, 0]], [1]),
}


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("precision", ["double", "single"])
def test_a_whole_circuit_runs_on_strict_arrays(strict, gate, precision):
    def results(theta):
        circuit = GATES[gate](kg.Circuit(3).h(0).ry(0.4, 1).cx(1, 2), theta).s(0).h(2)
        observable = kg.Z(0) @ kg.Y(2) - 0.5 * kg.X(1) + 0.25 * kg.I()
        scalars = [circuit.expectation(observable), circuit.variance(observable)]
        return [*scalars, circuit.probabilities([2, 0]), circuit.state()]

    with kg.use_precision(precision):
        found = [strict.to_numpy(result) for result in results(strict.asarray(0.3))]
        with kg.use_backend("numpy") as numpy:
            expected = [numpy.to_numpy(result) for result in results(0.3)]
    for actual, wanted in zip(found, expected, strict=True):
        assert actual.dtype == wanted.dtype
        expect.near(actual, wanted, 1e-13 if precision == "double" else 1e-6)


def test_a_strict_circuit_agrees_with_the_closed_form(strict):
    found = kg.Circuit(2).ry(strict.asarray(0.3), 0).cx(0, 1).rz(0.2, 1).expectation(kg.X(0) @ kg.X(1))
    expect.close(strict, found, math.sin(0.3) * math.cos(0.2))


def test_samples_and_counts_are_drawn_on_strict_arrays(strict):
    circuit = kg.Circuit(2).x(1)
    assert strict.to_numpy(circuit.sample(2, seed=1)).tolist() == [[0, 1], [0, 1]]
    assert circuit.counts(5, seed=1) == {"01": 5}


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
def test_a_strict_circuit_is_differentiated_mapped_and_both(strict):
    def energy(theta):
        return kg.Circuit(2).ry(theta, 0).cx(0, 1).expectation(kg.Z(1))

    expect.close(strict, kg.grad(energy)(0.3), -math.sin(0.3), tolerance=1e-9)
    expect.close(strict, kg.vmap(energy)(np.array([0.3, 0.7])), [math.cos(0.3), math.cos(0.7)])
    mapped = kg.vmap(kg.grad(energy))(np.array([0.3, 0.7]))
    expect.close(strict, mapped, [-math.sin(0.3), -math.sin(0.7)], tolerance=1e-9)


def test_a_gradient_without_finite_differences_says_which_backends_have_one(strict):
    with pytest.raises(kg.UnsupportedError, match=r"use kg\.value_and_grad, which takes finite differences"):
        strict.vjp(lambda x: (x, None), [strict.asarray(1.0)])
