"""The quantum Fourier transform, against the matrix of its definition."""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import bits_of, index_of
from ketgrad import templates


def basis_state(index, n):
    circuit = kg.Circuit(n)
    for qubit, bit in enumerate(bits_of(index, n)):
        if bit:
            circuit.x(qubit)
    return circuit


def columns(circuit, n):
    backend = kg.get_backend()
    states = [backend.to_numpy(basis_state(index, n).compose(circuit).state()) for index in range(2**n)]
    return np.stack(states, axis=1)


def fourier_matrix(n):
    indices = np.arange(2**n)
    return np.exp(2j * np.pi * np.outer(indices, indices) / 2**n) / 2 ** (n / 2)


@pytest.mark.parametrize("n", range(1, 6))
def test_the_circuit_is_the_fourier_matrix(n):
    np.testing.assert_allclose(columns(templates.qft(n), n), fourier_matrix(n), rtol=0, atol=1e-13)


def test_the_transform_of_a_basis_state_is_a_wave_on_every_backend(backend):
    found = backend.to_numpy(basis_state(5, 3).compose(templates.qft(3)).state())
    np.testing.assert_allclose(found, fourier_matrix(3)[5], rtol=0, atol=1e-13)


def test_without_swaps_the_bits_of_the_result_are_reversed():
    found = columns(templates.qft(3, swaps=False), 3)
    order = [index_of(reversed(bits_of(index, 3))) for index in range(8)]
    np.testing.assert_allclose(found, fourier_matrix(3)[order], rtol=0, atol=1e-13)


def test_the_inverse_finds_the_frequency_of_a_wave():
    # Phases 2π·5k/8 on |k⟩: qubit q turns by its own place value.
    circuit = kg.Circuit(3).h(0).h(1).h(2).p(5 * np.pi, 0).p(5 * np.pi / 2, 1).p(5 * np.pi / 4, 2)
    assert circuit.compose(templates.qft(3).inverse()).counts(20, seed=1) == {"101": 20}


REFUSED = {
    "no qubits": (lambda: templates.qft(0), ValueError, "qft got 0 qubits; give at least one"),
    "a boolean as number of qubits": (
        lambda: templates.qft(True), TypeError, "qft got a number of qubits that is True; give an integer",
    ),
    "a float as number of qubits": (
        lambda: templates.qft(3.0), TypeError, "qft got a number of qubits that is 3.0; give an integer",
    ),
    "a number as swaps": (lambda: templates.qft(3, swaps=1), TypeError, "qft got swaps=1; give True or False"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_one_sentence(case):
    function, kind, message = REFUSED[case]
    with pytest.raises(kg.KetgradError) as caught:
        function()
    assert isinstance(caught.value, kind)
    assert str(caught.value) == message
