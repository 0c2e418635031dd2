"""The precision in force: names, blocks, threads, and that results and gradients have it."""

import math
import threading

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.precision import complex_type, real_type, type_name
from ketgrad_conformance import expect


def test_double_precision_is_the_default():
    assert (kg.get_precision(), real_type(), complex_type()) == ("double", "float64", "complex128")


def test_single_precision_names_the_single_types():
    with kg.use_precision("single") as precision:
        assert (precision, kg.get_precision()) == ("single", "single")
        assert (real_type(), complex_type()) == ("float32", "complex64")


@pytest.mark.parametrize("wrong", ["half", "Double", "float64", "", None, 64, np.float32, ["single"], {}])
def test_a_wrong_precision_is_refused_and_the_one_before_stays(wrong):
    for change in (kg.set_precision, kg.use_precision):
        with pytest.raises(kg.InvalidValueError, match='give "single" or "double"'):
            change(wrong)
    assert kg.get_precision() == "double"


def test_a_block_restores_the_precision_after_an_exception():
    with pytest.raises(ZeroDivisionError), kg.use_precision("single"):
        raise ZeroDivisionError
    assert kg.get_precision() == "double"


def test_set_precision_inside_a_block_lasts_until_its_end():
    with kg.use_precision("single"):
        kg.set_precision("double")
        assert kg.get_precision() == "double"
    with kg.use_precision("double"):
        kg.set_precision("single")
    assert kg.get_precision() == "double"


def test_a_thread_sees_the_precision_that_was_set_and_no_block_of_another():
    seen = []
    with kg.use_precision("single"):
        thread = threading.Thread(target=lambda: seen.append(kg.get_precision()))
        thread.start()
        thread.join()
    kg.set_precision("single")
    try:
        thread = threading.Thread(target=lambda: seen.append(kg.get_precision()))
        thread.start()
        thread.join()
    finally:
        kg.set_precision("double")
    assert seen == ["double", "single"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("float32", "float32"),
        (np.float32, "float32"),
        (np.dtype("complex64"), "complex64"),
        (np.dtype(">f8"), "float64"),
        (float, "float64"),
        (complex, "complex128"),
        ("torch.float32", "float32"),
        (np.int64, "int64"),
    ],
    ids=repr,
)
def test_an_array_type_is_named(given, name):
    assert type_name(given) == name


@pytest.mark.parametrize("wrong", ["float16", "float", "", np.float16, np.uint8, bool, object, 3, "f8"], ids=repr)
def test_an_array_type_that_ketgrad_has_not_is_refused(wrong):
    with pytest.raises(kg.InvalidTypeError, match="give one of float32, float64, complex64, complex128"):
        type_name(wrong)


@pytest.mark.parametrize(("precision", "real", "imaginary"), [
    ("double", "float64", "complex128"), ("single", "float32", "complex64"),
])  # fmt: skip
def test_what_a_circuit_returns_has_the_precision_in_force(backend, precision, real, imaginary):
    with kg.use_precision(precision):
        circuit = kg.Circuit(1).ry(0.3, 0)
        expect.close(backend, circuit.state(), [math.cos(0.15), math.sin(0.15)], dtype=imaginary)
        expect.close(backend, circuit.probabilities(), [math.cos(0.15) ** 2, math.sin(0.15) ** 2], dtype=real)
        expect.close(backend, circuit.expectation(kg.Z(0)), math.cos(0.3), dtype=real)


@pytest.mark.parametrize(("precision", "result"), [("double", "float64"), ("single", "float32")])
@pytest.mark.parametrize("parameter", ["float32", "float64"])
def test_a_gradient_keeps_the_parameter_s_type_in_either_precision(autodiff_backend, precision, result, parameter):
    theta = np.array(0.3, parameter)
    with kg.use_precision(precision):
        value, gradient = kg.value_and_grad(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)))(theta)
        expect.close(autodiff_backend, value, math.cos(0.3), dtype=result, tolerance=1e-6)
        expect.close(autodiff_backend, gradient, -math.sin(0.3), dtype=parameter, tolerance=1e-6)


def test_a_precision_that_changes_after_compiling_is_heeded(autodiff_backend):
    state = kg.jit(lambda theta: kg.Circuit(1).ry(theta, 0).state())
    theta = autodiff_backend.asarray(0.3, dtype="float32")
    expected = [math.cos(0.15), math.sin(0.15)]
    expect.close(autodiff_backend, state(theta), expected, dtype="complex128", tolerance=1e-6)
    with kg.use_precision("single"):
        expect.close(autodiff_backend, state(theta), expected, dtype="complex64")
    expect.close(autodiff_backend, state(theta), expected, dtype="complex128", tolerance=1e-6)
