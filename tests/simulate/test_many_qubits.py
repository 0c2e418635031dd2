"""Many qubits: neither axes nor einsum letters run out."""

import math

import numpy as np

import ketgrad as kg
from ketgrad.simulate import tensor


def ghz(num_qubits):
    circuit = kg.Circuit(num_qubits).h(0)
    for qubit in range(num_qubits - 1):
        circuit.cx(qubit, qubit + 1)
    return circuit


def everywhere(letter, num_qubits):
    return kg.PauliSum({" ".join(f"{letter}{qubit}" for qubit in range(num_qubits)): 1.0})


def test_a_ghz_state_of_20_qubits_is_correlated_from_end_to_end():
    circuit = ghz(20)
    assert abs(circuit.expectation(kg.Z(0) @ kg.Z(19)) - 1) < 1e-12
    assert abs(circuit.expectation(everywhere("X", 20)) - 1) < 1e-12
    # Y⊗20 takes |0…0⟩ to i^20 |1…1⟩ = |1…1⟩.
    assert abs(circuit.expectation(everywhere("Y", 20)) - 1) < 1e-12
    assert abs(circuit.expectation(kg.Z(7))) < 1e-12


def test_the_ends_of_20_qubits_have_their_marginal_in_either_order():
    circuit = kg.Circuit(20).ry(0.6, 0).x(19)
    zero, one = math.cos(0.3) ** 2, math.sin(0.3) ** 2
    np.testing.assert_allclose(circuit.probabilities([0, 19]), [0, zero, 0, one], rtol=0, atol=1e-12)
    np.testing.assert_allclose(circuit.probabilities([19, 0]), [0, 0, zero, one], rtol=0, atol=1e-12)


def test_20_qubits_can_be_sampled():
    assert set(ghz(20).counts(100, seed=1)) == {"0" * 20, "1" * 20}


def test_a_ghz_state_of_12_qubits_is_correlated_on_every_backend(backend):
    circuit = ghz(12)
    found = [circuit.expectation(kg.Z(0) @ kg.Z(11)), circuit.expectation(everywhere("X", 12))]
    np.testing.assert_allclose([backend.to_numpy(value) for value in found], [1, 1], rtol=0, atol=1e-12)


def test_a_gradient_through_12_qubits(autodiff_backend):
    def energy(theta):
        circuit = kg.Circuit(12).ry(theta, 11)
        circuit.cx(11, 4).ccx(4, 11, 0).rzz(0.3, 2, 9).cx(0, 6)
        return circuit.expectation(kg.Z(6) @ kg.Z(1)) + circuit.probabilities([11, 0])[3]

    # cos θ + sin²(θ/2)
    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(0.6))
    np.testing.assert_allclose(autodiff_backend.to_numpy(value), math.cos(0.6) + math.sin(0.3) ** 2, rtol=0, atol=1e-12)
    np.testing.assert_allclose(autodiff_backend.to_numpy(gradient), -math.sin(0.6) / 2, rtol=0, atol=1e-12)


def test_the_letters_of_a_contraction_depend_on_the_gate_and_not_on_the_register():
    shape, axes, subscripts = tensor.layout((0, 15, 29), 30, is_batched=True)
    # One for the batch, two for each of the gate's qubits, and one for each of the four runs of qubits around them.
    assert len({letter for letter in subscripts if letter.isalpha()}) == 11
    assert shape == (1, 2, 2**14, 2, 2**13, 2, 1)
    assert axes == (2,) * 6
    assert subscripts == tensor.layout((0, 2, 4), 5, is_batched=True)[2]


def test_neighbours_in_order_share_an_axis():
    assert tensor.layout((0, 1, 2), 5, is_batched=False) == ((1, 8, 4), (8, 8), "ab,Zcbd->Zcad")
    assert tensor.layout((3, 4, 1), 5, is_batched=False) == ((2, 2, 2, 4, 1), (4, 2, 4, 2), "abcd,Zedfcg->Zebfag")
