"""Riemannian gradient flow: its first step by commutators of dense matrices, its growth, the ground state."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.optimize.riemannian import words_up_to_two
from optimizer_checks import check_resume, check_same_path, numbers

HAMILTONIAN = kg.Z(0) @ kg.Z(1) - 0.8 * kg.X(0) + 0.3 * kg.Y(1) @ kg.X(0)


def energy(**options):
    circuit = kg.Circuit(2).ry(0.3, 0).rx(0.8, 1).cx(0, 1)
    return kg.function(circuit, kg.expval(HAMILTONIAN), **options)


def exponential(matrix):
    """Return exp(iA) of a Hermitian matrix."""
    eigenvalues, vectors = np.linalg.eigh(matrix)
    return (vectors * np.exp(1j * eigenvalues)) @ vectors.conj().T


def first_step(rate, *, exact):
    """Return ω = i/2 ⟨[P, H]⟩ of all words, and the energy after exp(iηωP/2), by dense matrices."""
    state = np.asarray(energy().measuring(kg.state())())
    matrix, words = HAMILTONIAN.matrix(), [word.matrix(2) for word in words_up_to_two(2)]
    slopes = np.array([(0.5j * state.conj() @ (word @ matrix - matrix @ word) @ state).real for word in words])
    halves = [0.5 * rate * slope * word for slope, word in zip(slopes, words, strict=True)]
    for half in [sum(halves)] if exact else halves:
        state = exponential(half) @ state
    return slopes, (state.conj() @ matrix @ state).real


@pytest.mark.parametrize("exact", [False, True])
def test_the_first_step_is_that_of_the_commutators(autodiff_backend, exact):
    with kg.use_backend("numpy"):
        slopes, value = first_step(0.3, exact=exact)
    flow = kg.optimize.RiemannianGradientFlow(0.3, exact=exact)
    result = flow.minimize(energy(), steps=1)
    np.testing.assert_allclose(numbers(autodiff_backend, result.x), [-0.3 * slopes], rtol=0, atol=1e-10)
    assert result.value == pytest.approx(value, abs=1e-10)
    assert float(flow.circuit(energy(), result).expectation(HAMILTONIAN)) == pytest.approx(value, abs=1e-10)


def test_the_exact_step_is_the_exponential_of_the_riemannian_gradient():
    # On 2 qubits Σ ωP over all 15 words is 2^2/2 i[H, ρ], so that the step is exp(−η [H, ρ]).
    state = np.asarray(energy().measuring(kg.state())())
    projector, matrix = np.outer(state, state.conj()), HAMILTONIAN.matrix()
    commutator = matrix @ projector - projector @ matrix
    after = exponential(1j * 0.3 * commutator) @ state
    result = kg.optimize.RiemannianGradientFlow(0.3, exact=True).minimize(energy(), steps=1)
    assert result.value == pytest.approx((after.conj() @ matrix @ after).real, abs=1e-10)


@pytest.mark.parametrize("exact", [False, True])
def test_the_flow_reaches_the_ground_state(exact):
    result = kg.optimize.RiemannianGradientFlow(0.5, exact=exact).minimize(energy(), steps=40)
    assert result.value == pytest.approx(np.linalg.eigvalsh(HAMILTONIAN.matrix())[0], abs=1e-4)
    assert np.all(np.diff(result.history) < 1e-12)


def test_the_flow_is_the_same_on_every_backend(autodiff_backend):
    function = energy()
    flow = kg.optimize.RiemannianGradientFlow(0.3, ["X0", "Y1", "Y0 Z1", "Z0 Y1"])
    result = check_same_path(autodiff_backend, lambda: flow.minimize(function, steps=3))
    assert tuple(result.x.shape) == (3, 4)
    assert result.state == {"directions": ["X0", "Y1", "Y0 Z1", "Z0 Y1"]}


def test_directions_may_be_sums_of_commuting_words():
    total = kg.Y(0) @ kg.Z(1) + kg.Z(0) @ kg.Y(1)
    state, matrix = np.asarray(energy().measuring(kg.state())()), HAMILTONIAN.matrix()
    slope = (0.5j * state.conj() @ (total.matrix() @ matrix - matrix @ total.matrix()) @ state).real
    for exact in (False, True):
        result = kg.optimize.RiemannianGradientFlow(0.3, [total], exact).minimize(energy(), steps=1)
        after = exponential(0.15 * slope * total.matrix()) @ state
        assert result.value == pytest.approx((after.conj() @ matrix @ after).real, abs=1e-10)


def test_there_are_all_words_on_one_qubit_and_two():
    names = {word for entry in words_up_to_two(3) for word, _ in entry.words}
    assert len(names) == 3 * 3 + 3 * 9


def test_steps_one_by_one_with_a_schedule():
    flow = kg.optimize.RiemannianGradientFlow(lambda step: 0.1 / (1 + step))
    x, before = flow.step_and_value(energy(), None)
    x, after = flow.step_and_value(energy(), x)
    assert x.shape == (2, 15)
    assert float(after) < float(before) == pytest.approx(float(energy()()))
    slopes, _ = first_step(0.1, exact=False)
    np.testing.assert_allclose(x[0], -0.1 * slopes, rtol=0, atol=1e-10)


def test_results_from_shots_flow_down():
    flow = kg.optimize.RiemannianGradientFlow(0.3, ["X0", "Y0", "Y1", "X1"])
    result = flow.minimize(energy(shots=2000), steps=5, seed=1)
    assert float(flow.circuit(energy(), result).expectation(HAMILTONIAN)) < float(energy()()) - 0.1


def test_a_resumed_run_has_the_numbers_of_an_uninterrupted_one(autodiff_backend, tmp_path):
    path, function = tmp_path / "training.npz", energy()
    check_resume(autodiff_backend, lambda: kg.optimize.RiemannianGradientFlow(0.3), function, None, path, 1, 3)
    other = kg.optimize.RiemannianGradientFlow(0.3, ["X0"])
    with pytest.raises(kg.InvalidValueError, match=r"x, of shape \(3, 15\), belongs to other directions than these 1"):
        other.minimize(function, steps=4, checkpoint=path, resume=True)


def test_wrong_input_is_told():
    make = kg.optimize.RiemannianGradientFlow
    with pytest.raises(kg.InvalidTypeError, match="directions is 'X0'; give a list"):
        make(directions="X0")
    with pytest.raises(kg.InvalidTypeError, match="directions hold a function; give Pauli words"):
        make(directions=[lambda theta: kg.Circuit(1).rx(theta, 0)])
    with pytest.raises(kg.InvalidTypeError, match="exact is 1; give True or False"):
        make(exact=1)
    with pytest.raises(kg.InvalidTypeError, match="RiemannianGradientFlow appends to a circuit"):
        make().minimize(lambda x: x)
    with pytest.raises(kg.InvalidValueError, match=r"exact=True takes matrices of 2\^13 rows, and 12 qubits are the"):
        make(exact=True).minimize(kg.function(kg.Circuit(13), kg.expval(kg.Z(0))))
    with pytest.raises(kg.InvalidValueError, match="pauli_rotation got qubit 5, but the circuit has qubits 0 to 1"):
        make(directions=["X5"]).minimize(energy())
