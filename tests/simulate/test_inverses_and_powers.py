"""Inverses and powers of every circuit, of each gate and of unitaries with whatever eigenvalues."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ketgrad as kg
from circuit_recipes import build, dense, few, haar, many, matrix_of, near, sized
from dense_channels import controlled_on
from dense_reference import GATES, embed, gate_matrix


@many
@given(sized())
def test_a_circuit_and_its_inverse_are_the_identity(drawn):
    n, recipe = drawn
    circuit = build(kg.Circuit(n), recipe)
    near(matrix_of(build(kg.Circuit(n), recipe).compose(circuit.inverse())), np.eye(2**n))
    near(matrix_of(circuit.inverse().compose(circuit)), np.eye(2**n))


@few
@given(sized())
def test_the_inverse_of_the_inverse_is_the_circuit(drawn):
    n, recipe = drawn
    near(matrix_of(build(kg.Circuit(n), recipe).inverse().inverse()), dense(recipe, n))


@few
@given(sized(largest=3, longest=3), st.integers(-3, 3))
def test_a_power_is_that_many_circuits_in_a_row(drawn, exponent):
    n, recipe = drawn
    found = matrix_of(build(kg.Circuit(n), recipe).power(exponent))
    near(found, np.linalg.matrix_power(dense(recipe, n), exponent))


@few
@given(sized(largest=3, longest=3), st.integers(1, 3))
def test_a_negative_power_undoes_the_positive_one(drawn, exponent):
    n, recipe = drawn
    circuit = build(kg.Circuit(n), recipe)
    near(matrix_of(circuit.power(exponent).compose(circuit.power(-exponent))), np.eye(2**n))


FIXED = [name for name, gate in GATES.items() if gate.angles == 0]
ROTATIONS = [name for name, gate in GATES.items() if gate.angles == 1]


def check_root(circuit, matrix):
    """Expect the half power to be the principal root: its square is the matrix, its phases are at most a quarter."""
    root = matrix_of(circuit.power(0.5))
    near(root @ root, matrix)
    assert np.all(np.linalg.eigvals(root).real > -1e-6)


@pytest.mark.parametrize("name", FIXED)
def test_the_half_power_of_a_fixed_gate_is_its_principal_root(name):
    n = GATES[name].qubits
    check_root(kg.Circuit(n).append(name, (), range(n)), gate_matrix(name))


@pytest.mark.parametrize("name", FIXED)
def test_the_third_power_of_a_third_power_is_the_gate(name):
    n = GATES[name].qubits
    third = matrix_of(kg.Circuit(n).append(name, (), range(n)).power(1 / 3))
    near(third @ third @ third, gate_matrix(name))


@pytest.mark.parametrize("name", FIXED)
def test_the_negative_half_power_undoes_the_half_power(name):
    n = GATES[name].qubits
    circuit = kg.Circuit(n).append(name, (), range(n))
    near(matrix_of(circuit.power(0.5).compose(circuit.power(-0.5))), np.eye(2**n))


@pytest.mark.parametrize("name", ROTATIONS)
def test_the_half_power_of_a_rotation_is_half_its_angle(name):
    n = GATES[name].qubits
    circuit = kg.Circuit(n).append(name, (1.3,), range(n))
    near(matrix_of(circuit.power(0.5)), gate_matrix(name, (0.65,)))


@pytest.mark.parametrize("on", ["0", "1"])
def test_the_half_power_of_a_controlled_gate_keeps_its_controls(on):
    circuit = kg.Circuit(3).controlled(kg.Circuit(2).swap(0, 1), [2], [0, 1], on)
    root = matrix_of(circuit.power(0.5))
    near(root @ root, embed(controlled_on(gate_matrix("swap"), on), [2, 0, 1], 3))


PHASES = {
    "all equal": [0.9, 0.9, 0.9, 0.9],
    "all −1": [math.pi] * 4,
    "−1 twice": [math.pi, 0.3, math.pi, -1.2],
    "−1 once": [math.pi, 0.3, 2.9, -1.2],
    "two pairs": [0.4, -2.0, 0.4, -2.0],
    "conjugates": [1.1, -1.1, 2.2, -2.2],
    "opposites": [0.3, 0.3 - math.pi, 1.0, 1.0 - math.pi],
    "all ±1": [0.0, math.pi, 0.0, math.pi],
    "all ±i": [math.pi / 2, -math.pi / 2, -math.pi / 2, math.pi / 2],
    "close together": [0.7, 0.7 + 1e-9, 0.7 + 2e-9, -0.2],
    "close to −1 on either side": [math.pi - 1e-9, -math.pi + 1e-9, 0.1, 0.2],
    "mirrored at 0.4": [0.1, 0.7, -0.5, 1.3],
    "mirrored at 1.3": [0.2, 2.4, 1.2, 1.4],
    "mirrored at 2.1": [1.1, 3.1, 2.0, 2.2],
    "mirrored at 0.4, at 1.3 and at 2.1": [0.1, 0.7, 0.2, 2.4, 1.15, 3.05, 0.0, -1.0],
}


@pytest.mark.parametrize("case", PHASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_half_power_of_a_unitary_is_its_principal_root_whatever_its_eigenvalues(case, seed):
    phases = np.array(PHASES[case])
    basis = haar(len(phases), seed)
    matrix = (basis * np.exp(1j * phases)) @ basis.conj().T
    n = len(phases).bit_length() - 1
    root = matrix_of(kg.Circuit(n).unitary(matrix, range(n)).power(0.5))
    near(root @ root, matrix)
    near(root.conj().T @ root, np.eye(len(phases)))


@pytest.mark.parametrize("case", PHASES)
def test_the_half_power_of_a_diagonal_unitary_is_its_principal_root(case):
    phases = np.array(PHASES[case])
    n = len(phases).bit_length() - 1
    root = matrix_of(kg.Circuit(n).unitary(np.diag(np.exp(1j * phases)), range(n)).power(0.5))
    near(root @ root, np.diag(np.exp(1j * phases)))


@few
@given(st.integers(0, 10**6), st.integers(1, 3), st.floats(-3, 3).filter(lambda x: not x.is_integer()))
def test_a_fractional_power_of_a_unitary_multiplies_its_phases(seed, n, exponent):
    phases = np.random.default_rng(seed).uniform(-3.1, 3.1, 2**n)
    basis = haar(2**n, seed + 1)
    circuit = kg.Circuit(n).unitary((basis * np.exp(1j * phases)) @ basis.conj().T, range(n))
    near(matrix_of(circuit.power(exponent)), (basis * np.exp(1j * exponent * phases)) @ basis.conj().T, 1e-11)
    near(
        matrix_of(circuit.inverse().power(exponent)), (basis * np.exp(-1j * exponent * phases)) @ basis.conj().T, 1e-11
    )


@pytest.mark.parametrize("kind", ["uint8", "uint32", "int8"])
def test_the_inverse_of_a_rotation_by_a_small_integer_type_turns_back(kind):
    for angle in (np.dtype(kind).type(3), np.array(3, kind)):
        circuit = kg.Circuit(1).rx(angle, 0)
        near(matrix_of(circuit.inverse()), gate_matrix("rx", (-3.0,)))


@pytest.mark.parametrize("exponent", [1e300, 10**18, -(10**18)], ids=repr)
def test_a_power_of_more_gates_than_a_list_holds_is_refused_by_an_error_of_ketgrad(exponent):
    with pytest.raises(kg.KetgradError):
        kg.Circuit(1).x(0).power(exponent)
