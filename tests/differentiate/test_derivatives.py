"""`grad`, `jacobian` and `hessian` against closed forms."""

import math

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect


def products(x):
    """x ↦ (x₀x₁, x₁², sin x₀)"""
    first, second = (kg.backend.take(x, place, axis=0) for place in (0, 1))
    return kg.backend.stack([first * second, second * second, kg.backend.sin(first)])


# Jacobians


def test_a_jacobian_has_a_row_for_each_result(autodiff_backend):
    found = kg.jacobian(products, fallback="error")(np.array([0.3, 2.0]))
    expect.close(autodiff_backend, found, [[2.0, 0.3], [0.0, 4.0], [math.cos(0.3), 0.0]])


def test_a_jacobian_without_automatic_differentiation_agrees():
    with kg.use_backend("strict") as strict, pytest.warns(kg.GradientFallbackWarning, match="4 evaluations"):
        found = kg.jacobian(products)(np.array([0.3, 2.0]))
    expect.close(strict, found, [[2.0, 0.3], [0.0, 4.0], [math.cos(0.3), 0.0]], tolerance=1e-9)


def test_a_jacobian_of_a_matrix_by_a_matrix_has_the_axes_of_both(autodiff_backend):
    # Y = A X: ∂Y_ij/∂X_kl = A_ik δ_jl
    left = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    found = kg.jacobian(lambda x: kg.backend.matmul(kg.backend.asarray(left), x))(np.ones((2, 2)))
    expected = [[[[left[i][k] * (j == m) for m in range(2)] for k in range(2)] for j in range(2)] for i in range(3)]
    expect.close(autodiff_backend, found, expected)


def test_a_jacobian_of_a_number_is_its_gradient(autodiff_backend):
    found = kg.jacobian(lambda x: kg.backend.sum(x * x))(np.array([1.0, 2.0]))
    expect.close(autodiff_backend, found, [2.0, 4.0])


def test_a_jacobian_by_a_number_has_the_shape_of_the_result(autodiff_backend):
    found = kg.jacobian(lambda t: kg.backend.stack([kg.backend.sin(t), t * t]))(0.3)
    expect.close(autodiff_backend, found, [math.cos(0.3), 0.6])


def test_a_jacobian_by_several_arguments_and_containers(autodiff_backend):
    def function(p, x):
        return kg.backend.stack([p["w"] * x, p["b"][0] * p["w"]])

    found, by_x = kg.jacobian(function, argnums=(0, 1), fallback="error")({"w": 2.0, "b": [3.0]}, 5.0)
    expect.close(autodiff_backend, found["w"], [5.0, 3.0])
    expect.close(autodiff_backend, found["b"][0], [0.0, 2.0])
    expect.close(autodiff_backend, by_x, [2.0, 0.0])


def test_a_jacobian_of_complex_amplitudes_by_a_real_angle(autodiff_backend):
    # rx(θ)|0⟩ = (cos θ/2, −i sin θ/2)
    found = kg.jacobian(lambda theta: kg.Circuit(1).rx(theta, 0).state(), fallback="error")(0.6)
    expect.close(autodiff_backend, found, [-0.5 * math.sin(0.3), -0.5j * math.cos(0.3)], dtype="complex128")


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
def test_a_jacobian_of_complex_amplitudes_by_finite_differences(backend):
    found = kg.jacobian(lambda theta: kg.Circuit(1).rx(kg.backend.detach(theta), 0).state())(0.6)
    expected = [-0.5 * math.sin(0.3), -0.5j * math.cos(0.3)]
    expect.close(backend, found, expected, dtype="complex128", tolerance=1e-9)


def test_a_jacobian_of_probabilities(autodiff_backend):
    found = kg.jacobian(lambda t: kg.Circuit(1).ry(t, 0).probabilities())(0.6)
    expect.close(autodiff_backend, found, [-0.5 * math.sin(0.6), 0.5 * math.sin(0.6)])


def test_a_jacobian_of_a_real_result_by_a_complex_argument_points_up(autodiff_backend):
    def moduli(z):
        return kg.backend.real(kg.backend.conj(z) * z)

    found = kg.jacobian(moduli, fallback="error")(np.array([1.0 + 2.0j, 3.0j]))
    expect.close(autodiff_backend, found, [[2.0 + 4.0j, 0.0], [0.0, 6.0j]], dtype="complex128")


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
def test_a_complex_result_of_a_complex_argument_is_refused_rather_than_zero(backend):
    # ∂f/∂x + i ∂f/∂y is zero for every holomorphic f, such as z², whose derivative is 2z.
    with pytest.raises(kg.KetgradError):
        kg.jacobian(lambda z: z * z)(np.array([1.0 + 2.0j]))


def test_a_hessian_by_a_complex_argument_is_refused_rather_than_zero(autodiff_backend):
    # |z|² has the second derivatives 2 by x and by y.
    with pytest.raises(kg.KetgradError):
        kg.hessian(lambda z: kg.backend.real(kg.backend.conj(z) * z))(1.0 + 2.0j)


def test_a_jacobian_of_an_argument_without_a_path_is_filled_by_differences(autodiff_backend):
    def function(x, y):
        return kg.backend.stack([x * x, kg.backend.detach(y) * x])

    with pytest.warns(kg.GradientFallbackWarning, match="gradient for argument 1 by finite differences, 2 evaluations"):
        by_x, by_y = kg.jacobian(function, argnums=(0, 1))(3.0, 5.0)
    expect.close(autodiff_backend, by_x, [6.0, 5.0])
    expect.close(autodiff_backend, by_y, [0.0, 3.0], tolerance=1e-9)


def test_a_row_without_a_path_is_zero_where_another_row_has_one(autodiff_backend):
    # The second result does not depend on x; the first one does.
    found = kg.jacobian(lambda x: kg.backend.stack([x * x, kg.backend.asarray(1.0)]), fallback="error")(3.0)
    expect.close(autodiff_backend, found, [6.0, 0.0])


def test_a_jacobian_keeps_single_precision(autodiff_backend):
    found = kg.jacobian(lambda x: x * x)(np.float32([1.0, 2.0]))
    expect.close(autodiff_backend, found, [[2.0, 0.0], [0.0, 4.0]], dtype="float32")


def test_a_jacobian_is_differentiated(autodiff_backend):
    # ∂(x³)/∂x has 3x² on its diagonal.
    def trace(x):
        return kg.backend.sum(kg.backend.asarray(np.eye(2)) * kg.jacobian(lambda y: y * y * y)(x))

    expect.close(autodiff_backend, kg.grad(trace, fallback="error")(np.array([1.0, 2.0])), [6.0, 12.0])


# Hessians


def test_the_hessian_of_a_quadratic_form_is_its_symmetric_part(autodiff_backend):
    matrix = [[1.0, 2.0, 0.0], [5.0, 3.0, -1.0], [0.0, 4.0, 7.0]]
    found = kg.hessian(lambda x: kg.backend.einsum("i,ij,j->", x, kg.backend.asarray(matrix), x))(np.ones(3))
    expected = [[matrix[i][j] + matrix[j][i] for j in range(3)] for i in range(3)]
    expect.close(autodiff_backend, found, expected)


def test_the_hessian_of_a_number_is_a_number(autodiff_backend):
    expect.close(autodiff_backend, kg.hessian(lambda x: kg.backend.exp(2.0 * x))(0.3), 4.0 * math.exp(0.6))


def test_the_hessian_by_a_matrix_has_four_axes(autodiff_backend):
    # Σ x² has the second derivatives 2 δ_ik δ_jl.
    found = kg.hessian(lambda x: kg.backend.sum(x * x))(np.ones((2, 3)))
    expected = 2.0 * np.eye(6).reshape(2, 3, 2, 3)
    expect.close(autodiff_backend, found, expected.tolist())


def test_the_hessian_by_the_second_argument(autodiff_backend):
    expect.close(autodiff_backend, kg.hessian(lambda a, x: a * x * x * x, argnums=1)(2.0, 3.0), 36.0)
    expect.close(autodiff_backend, kg.hessian(lambda a, x: a * x * x * x, argnums=-1)(2.0, 3.0), 36.0)


def test_the_hessian_of_a_product_of_cosines(autodiff_backend):
    # ⟨ZZ⟩ after ry(a), ry(b) is cos a cos b.
    def energy(x):
        a, b = (kg.backend.take(x, place, axis=0) for place in (0, 1))
        return kg.Circuit(2).ry(a, 0).ry(b, 1).expectation(kg.Z(0) @ kg.Z(1))

    found = kg.hessian(energy, fallback="error")(np.array([0.3, 0.4]))
    diagonal, mixed = -math.cos(0.3) * math.cos(0.4), math.sin(0.3) * math.sin(0.4)
    expect.close(autodiff_backend, found, [[diagonal, mixed], [mixed, diagonal]])


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
def test_the_hessian_of_a_linear_function_is_zero(autodiff_backend):
    # Its gradient does not depend on the argument, so that differences may have to show it.
    found = kg.hessian(lambda x: kg.backend.sum(3.0 * x))(np.ones(2))
    expect.close(autodiff_backend, found, [[0.0, 0.0], [0.0, 0.0]])


def test_a_hessian_keeps_single_precision(autodiff_backend):
    found = kg.hessian(lambda x: x * x * x)(np.float32(2.0))
    expect.close(autodiff_backend, found, 12.0, dtype="float32")


def test_the_hessian_of_a_detached_argument_is_found_by_differences(autodiff_backend):
    with pytest.warns(kg.GradientFallbackWarning):
        found = kg.hessian(lambda x: kg.backend.detach(x * x * x))(2.0)
    expect.close(autodiff_backend, found, 12.0, tolerance=1e-4)


def test_a_hessian_without_automatic_differentiation():
    with kg.use_backend("strict") as strict, pytest.warns(kg.GradientFallbackWarning):
        found = kg.hessian(lambda x: kg.backend.sum(x * x * x))(np.array([2.0, 1.0]))
    expect.close(strict, found, [[12.0, 0.0], [0.0, 6.0]], tolerance=1e-4)


# A circuit under each transformation


def energy_of_one_angle(theta):
    return kg.Circuit(2).rx(theta, 0).cx(0, 1).expectation(kg.Z(1))


def test_a_circuit_is_mapped(backend):
    found = kg.vmap(energy_of_one_angle)(np.array([0.1, 0.2, 0.3]))
    expect.close(backend, found, [math.cos(0.1), math.cos(0.2), math.cos(0.3)])


def test_a_circuit_s_gradient_is_mapped(autodiff_backend):
    value, gradient = kg.vmap(kg.value_and_grad(energy_of_one_angle, fallback="error"))(np.array([0.1, 0.2]))
    expect.close(autodiff_backend, value, [math.cos(0.1), math.cos(0.2)])
    expect.close(autodiff_backend, gradient, [-math.sin(0.1), -math.sin(0.2)])


def test_a_mapped_circuit_is_differentiated(autodiff_backend):
    found = kg.grad(lambda x: kg.backend.sum(kg.vmap(energy_of_one_angle)(x)), fallback="error")(np.array([0.1, 0.2]))
    expect.close(autodiff_backend, found, [-math.sin(0.1), -math.sin(0.2)])


def test_a_circuit_s_second_derivative_is_mapped(autodiff_backend):
    found = kg.vmap(kg.hessian(energy_of_one_angle, fallback="error"))(np.array([0.1, 0.2]))
    expect.close(autodiff_backend, found, [-math.cos(0.1), -math.cos(0.2)])
