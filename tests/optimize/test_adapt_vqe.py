"""AdaptVQE: hydrogen with one operator, pool gradients by commutators, what it stops at, pools of each kind."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad import templates
from ketgrad.optimize import Problem
from optimizer_checks import check_resume, check_same_path

H2 = kg.hamiltonians.h2()


def hydrogen(**options):
    return kg.function(kg.Circuit(4).x(0).x(1), kg.expval(H2), **options)


def double(theta):
    return templates.ucc_double(theta, 4)


def single(first, second):
    return lambda theta: kg.Circuit(4).single_excitation(theta, first, second)


EXCITATIONS = [single(0, 2), single(1, 3), double]
WORDS = ["Y0 X1 X2 X3", "Y0 X2", "Y1 X3", "X0 Y1 X2 X3"]


def chain(num_qubits=3):
    return kg.function(kg.Circuit(num_qubits), kg.expval(kg.hamiltonians.transverse_field_ising(num_qubits, 1.0, 0.8)))


CHAIN_POOL = ["Y0", "Y1", "Y2", "Y0 Z1", "Z0 Y1", "Y1 Z2", "Z1 Y2"]


def test_hydrogen_has_its_ground_state_with_one_operator(autodiff_backend):
    optimizer = kg.optimize.AdaptVQE(EXCITATIONS)
    result = optimizer.minimize(hydrogen())
    assert result.value == pytest.approx(-1.1361891625218807, abs=1e-12)
    assert (result.stopped, result.steps, result.state["chosen"]) == ("converged", 1, [2])
    assert result.state["operators"] == ["double"]
    assert result.history[0] == pytest.approx(-1.1173489210779, abs=1e-10)
    assert float(optimizer.circuit(hydrogen(), result).expectation(H2)) == pytest.approx(result.value, abs=1e-12)


def test_the_ground_state_is_the_lowest_eigenvalue():
    assert np.linalg.eigvalsh(H2.matrix())[0] == pytest.approx(-1.1361891625218807, abs=1e-9)


@pytest.mark.parametrize("pool", [WORDS, [0.5 * kg.Y(0) @ kg.X(1) @ kg.X(2) @ kg.X(3)]])
def test_pools_of_words_and_of_sums_reach_it_too(pool):
    result = kg.optimize.AdaptVQE(pool, threshold=1e-5).minimize(hydrogen())
    assert result.value == pytest.approx(-1.1361891625218807, abs=1e-9)


def test_a_sum_of_commuting_words_is_one_rotation_with_one_angle():
    # exp(−iθG/2) for G = Y₀X₁ − X₀Y₁, whose words commute, by its eigenvectors.
    generator = kg.Y(0) @ kg.X(1) - kg.X(0) @ kg.Y(1)
    energy = kg.function(kg.Circuit(2).x(0), kg.expval(kg.Z(1) + 0.3 * kg.X(0) @ kg.X(1)))
    optimizer = kg.optimize.AdaptVQE([generator])
    result = optimizer.minimize(energy, steps=1)
    eigenvalues, vectors = np.linalg.eigh(generator.matrix())
    (angle,) = result.x
    rotated = (vectors * np.exp(-0.5j * angle * eigenvalues)) @ vectors.conj().T @ np.eye(4)[2]
    value = (rotated.conj() @ energy.execution.measurements[0].observable.matrix() @ rotated).real
    assert value == pytest.approx(result.value, abs=1e-12)


def test_pool_gradients_are_commutators():
    # d/dθ⟨exp(iθP/2) H exp(−iθP/2)⟩ = i/2 ⟨[P, H]⟩ at θ = 0, with H, P and the state of two steps as matrices.
    optimizer, energy = kg.optimize.AdaptVQE(CHAIN_POOL), chain()
    result = optimizer.minimize(energy, steps=2)
    state = np.asarray(kg.function(optimizer.circuit(energy, result), kg.state())())
    matrix = kg.hamiltonians.transverse_field_ising(3, 1.0, 0.8).matrix()
    words = [kg.PauliSum({word: 1.0}).matrix(3) for word in CHAIN_POOL]
    expected = [(0.5j * state.conj() @ (word @ matrix - matrix @ word) @ state).real for word in words]
    found = optimizer.advance(Problem.of(energy), result.x, result.state)
    np.testing.assert_allclose(found.gradient, expected, rtol=0, atol=1e-10)


def test_energies_go_down_the_same_way_on_every_backend(autodiff_backend):
    energy = chain()

    def train():
        return kg.optimize.AdaptVQE(CHAIN_POOL, inner_steps=20).minimize(energy, steps=2)

    result = check_same_path(autodiff_backend, train, tolerance=1e-8)
    assert np.all(np.diff(result.history) < 0)
    assert tuple(result.x.shape) == (2,)


def test_an_optimizer_that_follows_the_gradient_does_it_too():
    optimizer = kg.optimize.AdaptVQE(EXCITATIONS, optimizer=kg.optimize.GradientDescent(0.8), inner_steps=200)
    assert optimizer.minimize(hydrogen()).value == pytest.approx(-1.1361891625218807, abs=1e-8)


def test_a_high_threshold_stops_before_the_first_operator():
    result = kg.optimize.AdaptVQE(EXCITATIONS, threshold=10.0).minimize(hydrogen())
    assert (result.steps, result.stopped, result.x.shape, result.state["chosen"]) == (0, "converged", (0,), [])
    assert result.history == (pytest.approx(-1.1173489210779, abs=1e-10),)


def test_steps_one_by_one():
    optimizer, energy = kg.optimize.AdaptVQE(CHAIN_POOL), chain()
    x, first = optimizer.step_and_value(energy, None)
    x, second = optimizer.step_and_value(energy, x)
    assert x.shape == (2,)
    assert float(first) == pytest.approx(-2.0)
    assert float(second) < float(first)


def test_results_from_shots_grow_a_circuit():
    optimizer = kg.optimize.AdaptVQE(EXCITATIONS, inner_steps=1, threshold=0.02)
    result = optimizer.minimize(hydrogen(shots=5000), steps=1, seed=1)
    assert result.state["chosen"] == [2]
    assert float(optimizer.circuit(hydrogen(), result).expectation(H2)) == pytest.approx(-1.1361891625, abs=5e-3)


def test_a_resumed_run_has_the_numbers_of_an_uninterrupted_one(autodiff_backend, tmp_path):
    def make():
        return kg.optimize.AdaptVQE(CHAIN_POOL, inner_steps=10)

    check_resume(autodiff_backend, make, chain(), None, tmp_path / "training.npz", pause=1, steps=2)
    path, energy = tmp_path / "other.npz", chain()
    make().minimize(energy, steps=1, checkpoint=path)
    with pytest.raises(kg.InvalidValueError, match="holds operator 0, 'Y0', and the pool has other ones"):
        kg.optimize.AdaptVQE(["X0"]).minimize(energy, steps=2, checkpoint=path, resume=True)


def test_wrong_input_is_told():
    make = kg.optimize.AdaptVQE
    theta = kg.parameters("theta", ())
    with pytest.raises(kg.InvalidTypeError, match=r'the pool is \'X0\'; give a list, such as \["X0 Y1", "Y0 X1"\]'):
        make("X0")
    with pytest.raises(kg.InvalidValueError, match="the pool is empty; give at least one operator"):
        make([])
    with pytest.raises(kg.InvalidTypeError, match='the pool holds 3; give Pauli words such as "X0 Y1", PauliSums, or'):
        make([3])
    with pytest.raises(kg.InvalidValueError, match="the pool holds a sum in which X0 and Z0 do not commute"):
        make([kg.X(0) + kg.Z(0)])
    with pytest.raises(kg.InvalidValueError, match=r"the pool holds .* which changes no state"):
        make(["I"])
    with pytest.raises(kg.InvalidValueError, match=r"give real numbers as coefficients"):
        make([1j * kg.X(0)])
    with pytest.raises(kg.InvalidTypeError, match=r"optimizer is 'Adam'; give one that does not grow a circuit"):
        make(["X0"], optimizer="Adam")
    with pytest.raises(kg.InvalidTypeError, match="AdaptVQE appends to a circuit, and an ordinary function has none"):
        make(["X0"]).minimize(lambda x: x)
    with pytest.raises(kg.InvalidValueError, match="makes the parameters itself, and the function takes theta"):
        make(["X0"]).minimize(kg.function(kg.Circuit(1).rx(theta, 0), kg.expval(kg.Z(0))))
    with pytest.raises(kg.InvalidValueError, match=r"AdaptVQE begins with no parameters, .*; leave x0 out"):
        make(["X0"]).minimize(hydrogen(), [0.1])
    with pytest.raises(kg.InvalidTypeError, match="of the pool returned a float; give functions that return a circuit"):
        make([lambda theta: 1.0]).minimize(hydrogen())
