"""Which type a result has, and which type its gradient."""

import math

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import play, random_program, run


def results(circuit):
    return {
        "state": circuit.state(),
        "probabilities": circuit.probabilities([1]),
        "expectation": circuit.expectation(kg.Z(0) - 0.5 * kg.Y(1)),
        "variance": circuit.variance(kg.Z(0) - 0.5 * kg.Y(1)),
    }


@pytest.mark.parametrize("given", ["number", "float32", "float64"])
@pytest.mark.parametrize(
    ("precision", "real", "complex_"), [("single", "float32", "complex64"), ("double", "float64", "complex128")]
)
def test_results_have_the_precision_in_force_whatever_the_parameters_have(backend, precision, real, complex_, given):
    with kg.use_precision(precision):
        theta = 0.3 if given == "number" else backend.asarray(0.3, dtype=given)
        found = {name: backend.dtype(array) for name, array in results(kg.Circuit(2).rx(theta, 0).h(1)).items()}
    assert found == {"state": complex_, "probabilities": real, "expectation": real, "variance": real}


@pytest.mark.parametrize("precision", ["single", "double"])
def test_a_circuit_without_gates_or_parameters_has_the_precision_in_force_too(backend, precision):
    with kg.use_precision(precision):
        found = backend.dtype(kg.Circuit(2).state()), backend.dtype(kg.Circuit(2).h(0).state())
    assert found == (("complex64",) * 2 if precision == "single" else ("complex128",) * 2)


def test_a_matrix_of_either_precision_gives_the_precision_in_force(backend):
    for precision, complex_ in (("single", "complex64"), ("double", "complex128")):
        for given in ("complex64", "complex128", "float32", "float64"):
            matrix = backend.asarray(np.array([[0.6, -0.8], [0.8, 0.6]]), dtype=given)
            with kg.use_precision(precision):
                assert backend.dtype(kg.Circuit(1).unitary(matrix, [0]).state()) == complex_


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("given", ["float32", "float64"])
def test_a_gradient_has_the_type_of_its_parameter(autodiff_backend, precision, given):
    def energy(theta):
        return kg.Circuit(1).ry(theta, 0).expectation(kg.Z(0))

    theta = autodiff_backend.asarray(0.6, dtype=given)
    with kg.use_precision(precision):
        gradient = kg.grad(energy, fallback="error")(theta)
    assert autodiff_backend.dtype(gradient) == given
    np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), -math.sin(0.6), rtol=0, atol=1e-6)


def test_a_float32_parameter_beside_a_float64_one_keeps_its_type_of_gradient(autodiff_backend):
    def energy(a, b):
        return kg.Circuit(1).ry(a, 0).ry(b, 0).expectation(kg.Z(0))

    arguments = [autodiff_backend.asarray(0.3, dtype=dtype) for dtype in ("float32", "float64")]
    gradients = kg.grad(energy, argnums=(0, 1), fallback="error")(*arguments)
    assert [autodiff_backend.dtype(gradient) for gradient in gradients] == ["float32", "float64"]


def test_single_precision_is_right_to_seven_digits_or_so(backend):
    program = random_program(21, 4, 30)
    with kg.use_precision("single"):
        found = backend.to_numpy(play(kg.Circuit(4), program).state())
    np.testing.assert_allclose(found, run(program, 4), rtol=0, atol=5e-6)


def test_a_large_unitary_rounded_to_single_precision_is_still_taken_as_unitary(backend):
    generator = np.random.default_rng(3)
    matrix = np.linalg.qr(generator.normal(size=(64, 64)) + 1j * generator.normal(size=(64, 64)))[0]
    with kg.use_precision("single"):
        native = backend.asarray(matrix, dtype="complex64")
        found = backend.to_numpy(kg.Circuit(6).unitary(native, range(6)).state())
    np.testing.assert_allclose(found, matrix[:, 0], rtol=0, atol=1e-6)


def test_angles_of_many_turns_are_rounded_no_more_than_their_type_does():
    # The angle is exact in float64; the closed form is taken in Python's own arithmetic.
    angle = 1e6 + 0.5
    np.testing.assert_allclose(kg.Circuit(1).ry(angle, 0).expectation(kg.Z(0)), math.cos(angle), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("precision", "real"), [("single", "float32"), ("double", "float64")])
def test_torch_autocast_changes_neither_the_type_nor_the_digits_of_a_result(precision, real):
    torch = pytest.importorskip("torch")
    with kg.use_backend("pytorch"), kg.use_precision(precision), torch.autocast("cpu", dtype=torch.bfloat16):
        found = kg.Circuit(2).rx(torch.tensor(0.3), 0).cx(0, 1).expectation(kg.Z(0) - 0.5 * kg.Y(0))
    assert found.dtype == getattr(torch, real)
    np.testing.assert_allclose(found, math.cos(0.3), rtol=0, atol=1e-6)
