"""States to begin with: `Circuit.prepare`, and `initial_state` of a function; always normalised."""

import math

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import CHANNELS, apply_kraus, pure
from dense_reference import embed, gate_matrix, places, probabilities
from ketgrad_conformance import expect
from prepared_states import COMPLEX, OBSERVABLE, TOLERANCE, near, placed, unit

RANDOM = np.random.default_rng(24)


# Ways to give amplitudes


@pytest.mark.parametrize(
    "given",
    [
        [1, 2, -2, 4],
        (1.0, 2.0, -2.0, 4.0),
        [1 + 0j, 2, -2.0, 4],
        [np.float32(1), np.int8(2), -2, np.complex64(4)],
        np.array([1, 2, -2, 4]),
        np.array([1, 2, -2, 4], "int8"),
        np.array([1, 2, -2, 4], "float32"),
        np.array([4, -2, 2, 1], "complex64")[::-1],
    ],
    ids=lambda given: f"{type(given).__name__} {getattr(given, 'dtype', '')}",
)
def test_numbers_of_every_kind_are_normalised(backend, given):
    expect.close(backend, kg.Circuit(2).prepare(given).state(), [0.2, 0.4, -0.4, 0.8], dtype="complex128")


def test_complex_amplitudes_keep_their_phases(backend):
    near(backend, kg.Circuit(2).prepare(COMPLEX.tolist()).state(), unit(COMPLEX))


@pytest.mark.parametrize("kind", ["float32", "float64", "complex64", "complex128", "int64"])
def test_native_arrays_of_every_type_are_normalised(backend, kind):
    given = backend.asarray(np.array([1, 2, -2, 4]), dtype=kind)
    expect.close(
        backend, kg.Circuit(2).prepare(given).state(), [0.2, 0.4, -0.4, 0.8], dtype="complex128", tolerance=1e-6
    )


@pytest.mark.parametrize("precision", ["single", "double"])
def test_the_state_has_the_precision_in_force(backend, precision):
    kind = {"single": "complex64", "double": "complex128"}[precision]
    with kg.use_precision(precision):
        for given in ([3, 4], np.array([3.0, 4.0]), backend.asarray([3.0, 4.0], dtype="float64")):
            expect.close(backend, kg.Circuit(1).prepare(given).state(), [0.6, 0.8], dtype=kind)


def test_native_numbers_in_a_list_are_amplitudes(backend):
    circuit = kg.Circuit(1).prepare([backend.asarray(3.0), 4])
    near(backend, circuit.state(), [0.6, 0.8])


def test_what_changes_outside_after_the_call_leaves_the_circuit_as_it_was():
    given = np.array([3.0, 4.0])
    circuit = kg.Circuit(1).prepare(given)
    given[0] = 100
    np.testing.assert_allclose(circuit.state(), [0.6, 0.8], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-30, 1e30, 1e200, 1e300])
def test_amplitudes_of_any_magnitude_are_normalised(scale):
    with np.errstate(all="ignore"):
        found = kg.Circuit(1).prepare([3 * scale, 4 * scale]).state()
    np.testing.assert_allclose(found, [0.6, 0.8], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_an_initial_state_of_any_magnitude_is_normalised(scale):
    with np.errstate(all="ignore"):
        found = kg.function(kg.Circuit(1), kg.state())(initial_state=[3 * scale, 4 * scale])
    np.testing.assert_allclose(found, [0.6, 0.8], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("scale", [1e-50, 1e-25, 1e25, 1e50])
def test_amplitudes_of_any_magnitude_are_normalised_in_single_precision(scale):
    with np.errstate(all="ignore"), kg.use_precision("single"):
        found = kg.Circuit(1).prepare([3 * scale, 4 * scale]).state()
    np.testing.assert_allclose(found, [0.6, 0.8], rtol=0, atol=1e-6)


# Places


@pytest.mark.parametrize("count", [1, 2, 3])
def test_amplitudes_go_to_every_permutation_of_qubits_first_most_significant(count):
    vector = unit(RANDOM.normal(size=2**count) + 1j * RANDOM.normal(size=2**count))
    for qubits in places(count, 4):
        found = kg.Circuit(4).prepare(vector, qubits).state()
        np.testing.assert_allclose(found, placed(vector, qubits, 4), rtol=0, atol=TOLERANCE, err_msg=str(qubits))


def test_two_groups_of_qubits_have_each_its_state_and_the_other_stays_where_it_was(backend):
    first, second = unit(COMPLEX), unit([1, 2j])
    circuit = kg.Circuit(4).ry(0.8, 1).prepare(first, [3, 0]).prepare(second, [2])
    one = gate_matrix("ry", (0.8,))[:, 0]
    expected = np.einsum("da,b,c->abcd", first.reshape(2, 2), one, second).reshape(-1)
    near(backend, circuit.state(), expected)


def test_gates_follow_on_the_prepared_qubits(backend):
    circuit = kg.Circuit(3).prepare(COMPLEX, [2, 0]).cx(0, 1).rx(0.4, 2)
    expected = embed(gate_matrix("rx", (0.4,)), [2], 3) @ embed(gate_matrix("cx"), [0, 1], 3)
    near(backend, circuit.state(), expected @ placed(unit(COMPLEX), [2, 0], 3))


@pytest.mark.parametrize(
    ("bits", "qubits", "index"),
    [("0110", None, 0b0110), ("1", [2], 0b0010), ("01", [3, 1], 0b0100), ("100", [2, 0, 3], 0b0010), ("00", [1, 2], 0)],
)
def test_a_bitstring_puts_its_bits_on_the_qubits_in_order(backend, bits, qubits, index):
    near(backend, kg.Circuit(4).prepare(bits, qubits).probabilities(), np.eye(16)[index])


def test_a_composed_preparation_goes_to_the_places_named():
    circuit = kg.Circuit(3).compose(kg.Circuit(2).prepare(COMPLEX), [2, 0])
    np.testing.assert_allclose(circuit.state(), placed(unit(COMPLEX), [2, 0], 3), rtol=0, atol=TOLERANCE)


def test_a_composed_preparation_of_touched_qubits_is_refused():
    circuit = kg.Circuit(1).h(0)
    with pytest.raises(kg.InvalidValueError, match=r"prepare takes qubits in \|0⟩, but h 0 acts on qubit 0 before it"):
        circuit.compose(kg.Circuit(1).prepare([0, 1]))
    assert len(circuit) == 1


# Resets, measurements, noise


def test_a_reset_makes_room_for_a_preparation(backend):
    # Qubit 0 of a Bell pair is prepared anew, and qubit 1 stays fully mixed.
    circuit = kg.Circuit(2).h(0).cx(0, 1).reset(0).prepare([3, 4j], [0])
    near(backend, circuit.density_matrix(), np.kron(pure(np.array([0.6, 0.8j])), np.eye(2) / 2))


def test_a_reset_makes_room_for_a_bitstring(backend):
    circuit = kg.Circuit(2).h(0).cx(0, 1).reset(0).prepare("1", [0])
    near(backend, circuit.probabilities(), [0, 0, 0.5, 0.5])


def test_a_measured_qubit_can_be_reset_and_prepared(backend):
    circuit = kg.Circuit(2).ry(0.8, 0).measure(0).reset(0).prepare([1, 1], [0]).measure(0)
    one = math.sin(0.4) ** 2
    near(backend, circuit.probabilities(bits=[0, 1]), [(1 - one) / 2, (1 - one) / 2, one / 2, one / 2])


def test_a_prepared_state_goes_through_channels(backend):
    circuit, rho = kg.Circuit(2).prepare(COMPLEX, [1, 0]), pure(placed(unit(COMPLEX), [1, 0], 2))
    for name in ("depolarizing", "amplitude_damping", "depolarizing2"):
        noise = CHANNELS[name]
        qubits = [1, 0][: noise.qubits]
        circuit.channel(name, noise.values, qubits)
        rho = apply_kraus(rho, noise.kraus(*noise.values), qubits)
    near(backend, circuit.density_matrix(), rho)


def test_a_preparation_after_noise_elsewhere_stands_beside_a_mixed_state(backend):
    circuit = kg.Circuit(3).ry(0.8, 1).bit_flip(0.2, 1).prepare(COMPLEX, [2, 0])
    near(backend, circuit.density_matrix([2, 0]), pure(unit(COMPLEX)))
    near(backend, circuit.expectation(kg.Z(1)), 0.6 * math.cos(0.8))


def test_a_noise_model_with_readout_errors_takes_a_circuit_with_a_preparation(backend):
    circuit = kg.NoiseModel().readout(0.1, 0.2).apply(kg.Circuit(1).prepare([3, 4]))
    near(backend, circuit.probabilities(), [0.9 * 0.36 + 0.2 * 0.64, 0.1 * 0.36 + 0.8 * 0.64])


def test_a_readout_error_before_a_preparation_does_not_touch_the_state():
    circuit = kg.Circuit(1).readout_error(0.1, 0.2, 0).prepare([3, 4])
    np.testing.assert_allclose(circuit.state(), [0.6, 0.8], rtol=0, atol=TOLERANCE)


def test_trajectories_begin_with_the_prepared_state():
    circuit = kg.Circuit(2).prepare(COMPLEX, [1, 0]).phase_flip(0.3, 0)
    found = kg.function(circuit, kg.probs(), trajectories=20, seed=1)()
    np.testing.assert_allclose(found, probabilities(placed(unit(COMPLEX), [1, 0], 2)), rtol=0, atol=TOLERANCE)


def test_samples_of_a_prepared_basis_state_are_all_that_state(backend):
    circuit = kg.Circuit(3).prepare([0, 0, 1j, 0], [2, 1])
    assert dict(circuit.counts(50, seed=3)) == {"001": 50}


# Initial states


def test_an_initial_state_and_a_preparation_of_all_qubits_give_equal_results(backend):
    gates = kg.Circuit(2).cx(0, 1).u(0.4, 0.9, -0.3, 1)
    measured = [kg.state(), kg.probs([1]), kg.expval(OBSERVABLE), kg.density_matrix([1, 0]), kg.entropy([1])]
    expected = kg.function(kg.Circuit(2).prepare(COMPLEX).compose(gates), *measured)()
    found = kg.function(gates, *measured)(initial_state=backend.asarray(COMPLEX))
    for left, right in zip(found, expected, strict=True):
        near(backend, left, backend.to_numpy(right))


def test_an_initial_state_may_be_entangled_with_measured_and_reset_qubits(backend):
    # Of (|00⟩ + |11⟩)/√2 qubit 0 is measured, then reset: qubit 1 keeps the outcome.
    function = kg.function(kg.Circuit(2).measure(0).reset(0), kg.probs(), kg.probs(bits=[0]))
    found, bits = function(initial_state=[1, 0, 0, 1])
    near(backend, found, [0.5, 0.5, 0, 0])
    near(backend, bits, [0.5, 0.5])


@pytest.mark.parametrize("start", [[0, 1], [1, 1], [[1, 0], [0, 1]]], ids=str)
def test_a_preparation_of_qubits_that_an_initial_state_has_filled_is_refused_or_keeps_the_norm(start):
    function = kg.function(kg.Circuit(1).prepare([1, 1]), kg.probs())
    try:
        found = function(initial_state=start)
    except kg.KetgradError:
        return
    np.testing.assert_allclose(np.sum(found, axis=-1), 1, rtol=0, atol=TOLERANCE)
