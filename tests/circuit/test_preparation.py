"""States to begin with: `Circuit.prepare`, and `initial_state` of a function; always normalised, also in derivatives.

For f(v) = ⟨v|A|v⟩ / ⟨v|v⟩ the gradient ∂f/∂x + i ∂f/∂y is 2 (A v − f v) / ⟨v|v⟩, for real v its real part.
"""

import math

import numpy as np
import pytest

import ketgrad as kg
from dense_channels import CHANNELS, apply_kraus, pure
from dense_reference import embed, gate_matrix, pauli_matrix, places, probabilities
from ketgrad_conformance import expect

TOLERANCE = 1e-12
RANDOM = np.random.default_rng(23)
REAL = RANDOM.normal(size=4)
COMPLEX = RANDOM.normal(size=4) + 1j * RANDOM.normal(size=4)
TERMS = {"X0 Y1": 0.4, "Z0": -1.2, "Y0": 0.7, "Z1 X0": 0.8}
OPERATOR = pauli_matrix(TERMS, 2)
OBSERVABLE = kg.PauliSum(TERMS)


def unit(vector):
    return np.asarray(vector) / np.linalg.norm(vector)


def near(backend, found, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=tolerance)


def mean(vector, operator=OPERATOR):
    return (np.conj(vector) @ operator @ vector).real / (np.conj(vector) @ vector).real


def slope(vector, operator=OPERATOR):
    """Return ∂f/∂x + i ∂f/∂y of the mean."""
    return 2 * (operator @ vector - mean(vector, operator) * vector) / (np.conj(vector) @ vector).real


def curvature(vector, operator=OPERATOR):
    """Return the second derivatives of the mean by a real vector, where the operator's real part alone counts."""
    operator, weight = operator.real, vector @ vector
    value, first = mean(vector, operator), slope(vector, operator).real
    crossed = np.outer(first, vector) + np.outer(vector, first)
    return 2 * (operator - value * np.eye(len(vector)) - crossed) / weight


def placed(vector, qubits, n):
    """Return the state of n qubits of which some have the given one and the others are 0."""
    state = np.zeros(2**n, complex)
    for index, amplitude in enumerate(vector):
        place = sum(((index >> (len(qubits) - 1 - k)) & 1) << (n - 1 - qubit) for k, qubit in enumerate(qubits))
        state[place] = amplitude
    return state


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


# Derivatives


# Its norm is exactly 1 in floating-point arithmetic, where a shortcut that skips the division would be wrong.
UNIT_NORM = [np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.5, 0.5, -0.5, 0.5]), np.array([0.6, 0.0, 0.8, 0.0])]
REALS = [REAL, *UNIT_NORM, 7 * REAL]


@pytest.mark.parametrize("vector", REALS, ids=range(len(REALS)))
def test_value_and_gradient_by_prepared_amplitudes_are_those_of_the_quotient(autodiff_backend, vector):
    def energy(amplitudes):
        return kg.Circuit(2).prepare(amplitudes).expectation(OBSERVABLE)

    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(vector))
    near(autodiff_backend, value, mean(vector))
    near(autodiff_backend, gradient, slope(vector).real)
    assert abs(float(autodiff_backend.to_numpy(gradient) @ vector)) < TOLERANCE


@pytest.mark.parametrize("vector", REALS, ids=range(len(REALS)))
def test_value_and_gradient_by_an_initial_state_are_those_of_the_quotient(autodiff_backend, vector):
    function = kg.function(kg.Circuit(2), kg.expval(OBSERVABLE))
    evaluate = kg.value_and_grad(lambda start: function(initial_state=start), fallback="error")
    value, gradient = evaluate(autodiff_backend.asarray(vector))
    near(autodiff_backend, value, mean(vector))
    near(autodiff_backend, gradient, slope(vector).real)


WAYS = {
    "prepare": lambda start: kg.Circuit(2).prepare(start).expectation(OBSERVABLE),
    "initial_state": lambda start: kg.function(kg.Circuit(2), kg.expval(OBSERVABLE))(initial_state=start),
    "prepare in noise": lambda start: kg.Circuit(2).prepare(start).bit_flip(0.0, 0).expectation(OBSERVABLE),
    "initial_state in noise": lambda start: kg.function(kg.Circuit(2).bit_flip(0.0, 0), kg.expval(OBSERVABLE))(
        initial_state=start
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("vector", [COMPLEX, np.array([0.5, 0.5j, -0.5, 0.5])], ids=["any norm", "norm 1"])
def test_the_gradient_by_complex_amplitudes_is_by_x_plus_i_times_that_by_y(autodiff_backend, way, vector):
    evaluate = kg.value_and_grad(WAYS[way], fallback="error")
    value, gradient = evaluate(autodiff_backend.asarray(vector))
    near(autodiff_backend, value, mean(vector))
    expect.close(autodiff_backend, gradient, slope(vector), dtype="complex128")


@pytest.mark.parametrize("way", ["prepare", "initial_state"])
@pytest.mark.parametrize("vector", [REAL, UNIT_NORM[1]], ids=["any norm", "norm 1"])
def test_the_second_derivative_by_amplitudes_is_that_of_the_quotient(autodiff_backend, way, vector):
    found = kg.hessian(WAYS[way], fallback="error")(autodiff_backend.asarray(vector))
    near(autodiff_backend, found, curvature(vector), 1e-11)


def test_the_gradient_by_native_numbers_in_a_list(autodiff_backend):
    def energy(first, second):
        return kg.Circuit(1).prepare([first, second]).expectation(kg.Z(0))

    # (a² − b²) / (a² + b²) at 3, 4: its derivatives are 4ab²/r⁴ and −4a²b/r⁴.
    arguments = [autodiff_backend.asarray(value) for value in (3.0, 4.0)]
    value, gradients = kg.value_and_grad(energy, argnums=(0, 1), fallback="error")(*arguments)
    near(autodiff_backend, value, -7 / 25)
    near(autodiff_backend, gradients[0], 4 * 3 * 16 / 625)
    near(autodiff_backend, gradients[1], -4 * 9 * 4 / 625)


def test_the_gradient_through_a_reset_and_a_preparation(autodiff_backend):
    def energy(amplitudes):
        circuit = kg.Circuit(3).h(0).cx(0, 1).reset(0).prepare(amplitudes, [2, 0])
        return circuit.expectation(kg.PauliSum({"X2 Y0": 0.4, "Z2": -1.2, "Y2": 0.7, "Z0 X2": 0.8}))

    value, gradient = kg.value_and_grad(energy, fallback="error")(autodiff_backend.asarray(COMPLEX))
    near(autodiff_backend, value, mean(COMPLEX))
    near(autodiff_backend, gradient, slope(COMPLEX))


# Symbols, batches, vmap, jit


def amplitudes_function(*measurements):
    a = kg.parameters("a", (4,))
    return kg.function(kg.Circuit(3).prepare(a, [2, 0]).cx(2, 1), *measurements)


def expected_state(vector):
    return embed(gate_matrix("cx"), [2, 1], 3) @ placed(unit(vector), [2, 0], 3)


@pytest.mark.parametrize("batch", [(), (3,), (2, 2)], ids=str)
def test_symbols_as_amplitudes_take_any_batch(backend, batch):
    vectors = RANDOM.normal(size=(*batch, 4))
    found = amplitudes_function(kg.state())(backend.asarray(vectors))
    assert tuple(found.shape) == (*batch, 8)
    for place in np.ndindex(batch):
        near(backend, backend.asarray(backend.to_numpy(found)[place]), expected_state(vectors[place]))


def test_symbols_numbers_and_expressions_mix_as_amplitudes(backend):
    a = kg.parameters("a", (2,))
    function = kg.function(kg.Circuit(2).prepare([a[0], 2 * a[1] - 1, 0.5, -a[0]]), kg.state())
    near(backend, function([0.3, 0.9]), unit([0.3, 0.8, 0.5, -0.3]))


def test_symbols_as_amplitudes_in_a_noisy_circuit_take_a_batch(backend):
    a = kg.parameters("a", (2,))
    function = kg.function(kg.Circuit(2).prepare(a, [1]).bit_flip(0.2, 1), kg.expval(kg.Z(1)))
    near(backend, function([[3.0, 4.0], [1.0, 0.0]]), [0.6 * -7 / 25, 0.6])


def test_value_and_gradient_by_symbols_of_a_batch(autodiff_backend):
    a = kg.parameters("a", (4,))
    function = kg.function(kg.Circuit(2).prepare(a), kg.expval(OBSERVABLE))
    vectors = np.stack(REALS)
    evaluate = kg.value_and_grad(lambda given: autodiff_backend.sum(function(given)), fallback="error")
    value, gradient = evaluate(autodiff_backend.asarray(vectors))
    near(autodiff_backend, value, sum(map(mean, vectors)))
    near(autodiff_backend, gradient, np.stack([slope(vector).real for vector in vectors]))


@pytest.mark.parametrize(
    ("starts", "angles", "common"),
    [((3,), (), (3,)), ((), (3,), (3,)), ((3,), (3,), (3,)), ((2, 1), (3,), (2, 3)), ((2,), (3, 1), (3, 2)),
     ((1,), (2,), (2,))],
    ids=str,
)  # fmt: skip
def test_batches_of_initial_states_broadcast_with_those_of_parameters(backend, starts, angles, common):
    vectors = RANDOM.normal(size=(*starts, 4)) + 1j * RANDOM.normal(size=(*starts, 4))
    values = RANDOM.uniform(-3, 3, angles)
    function = kg.function(kg.Circuit(2).rx(kg.parameters("x"), 1), kg.state())
    found = function(backend.asarray(values), initial_state=backend.asarray(vectors))
    assert tuple(found.shape) == (*common, 4)
    wide, each = np.broadcast_to(vectors, (*common, 4)), np.broadcast_to(values, common)
    for place in np.ndindex(common):
        expected = embed(gate_matrix("rx", (each[place],)), [1], 2) @ unit(wide[place])
        np.testing.assert_allclose(backend.to_numpy(found)[place], expected, rtol=0, atol=TOLERANCE)


def test_the_gradient_of_a_broadcast_initial_state_is_summed(autodiff_backend):
    function = kg.function(kg.Circuit(2).rx(kg.parameters("x"), 1), kg.expval(OBSERVABLE))
    angles = np.array([0.3, -1.2, 2.0])

    def total(start, values):
        return autodiff_backend.sum(function(values, initial_state=start))

    evaluate = kg.value_and_grad(total, argnums=(0, 1), fallback="error")
    value, (by_start, by_angle) = evaluate(autodiff_backend.asarray(COMPLEX), autodiff_backend.asarray(angles))
    gates = [embed(gate_matrix("rx", (angle,)), [1], 2) for angle in angles]
    turned = [gate.conj().T @ OPERATOR @ gate for gate in gates]
    near(autodiff_backend, value, sum(mean(COMPLEX, operator) for operator in turned))
    near(autodiff_backend, by_start, sum(slope(COMPLEX, operator) for operator in turned))
    generator = embed(gate_matrix("x"), [1], 2)
    commutators = [0.5j * gate.conj().T @ (generator @ OPERATOR - OPERATOR @ generator) @ gate for gate in gates]
    near(autodiff_backend, by_angle, [mean(COMPLEX, operator) for operator in commutators])


@pytest.mark.parametrize("way", WAYS)
def test_amplitudes_under_vmap_are_a_batch(backend, way):
    vectors = np.stack(REALS)
    near(backend, kg.vmap(WAYS[way])(backend.asarray(vectors)), [mean(vector) for vector in vectors])


@pytest.mark.parametrize("way", WAYS)
def test_complex_amplitudes_under_jit_are_the_same(autodiff_backend, way):
    found = kg.jit(WAYS[way])(autodiff_backend.asarray(COMPLEX))
    near(autodiff_backend, found, mean(COMPLEX))


def test_the_gradient_of_amplitudes_under_vmap_is_that_of_each(autodiff_backend):
    vectors = np.stack(REALS)
    found = kg.vmap(kg.grad(WAYS["prepare"], fallback="error"))(autodiff_backend.asarray(vectors))
    near(autodiff_backend, found, np.stack([slope(vector).real for vector in vectors]))


def test_the_gradient_of_amplitudes_under_jit_is_the_same(autodiff_backend):
    found = kg.jit(kg.grad(WAYS["initial_state"], fallback="error"))(autodiff_backend.asarray(REAL))
    near(autodiff_backend, found, slope(REAL).real)


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


# Misuse


FREE = "prepare takes qubits in |0⟩, but {} before it; prepare first, or put a reset between"
SHAPE = "prepare on {} takes amplitudes of shape {}, got {}; pad them with zeros, or name other qubits"
REFUSED = {
    "all zeros": (
        lambda c: c.prepare([0, 0], [0]),
        "prepare got amplitudes that are all zero, which is no state; give at least one other",
    ),
    "an array of zeros": (
        lambda c: c.prepare(np.zeros(4, complex), [0, 1]),
        "prepare got amplitudes that are all zero, which is no state; give at least one other",
    ),
    "NaN": (
        lambda c: c.prepare([float("nan"), 1], [0]), "prepare got amplitudes that are not finite; give finite numbers",
    ),
    "an infinite imaginary part": (
        lambda c: c.prepare([complex(0, float("inf")), 1], [0]),
        "prepare got amplitudes that are not finite; give finite numbers",
    ),
    "too few": (lambda c: c.prepare([1, 0], [0, 1]), SHAPE.format("2 qubits", (4,), (2,))),
    "too many": (lambda c: c.prepare([1, 0, 0, 0], [1]), SHAPE.format("1 qubit", (2,), (4,))),
    "too few for all": (lambda c: c.prepare([1, 0]), SHAPE.format("3 qubits", (8,), (2,))),
    "no power of two": (lambda c: c.prepare([1, 0, 0], [0, 1]), SHAPE.format("2 qubits", (4,), (3,))),
    "a matrix": (lambda c: c.prepare(np.eye(2), [0, 1]), SHAPE.format("2 qubits", (4,), (2, 2))),
    "a number": (
        lambda c: c.prepare(5, [0]), "prepare got a int; give a list or an array of amplitudes, or a bitstring",
    ),
    "None": (
        lambda c: c.prepare(None), "prepare got a NoneType; give a list or an array of amplitudes, or a bitstring",
    ),
    "an array of booleans": (
        lambda c: c.prepare(np.array([True, False]), [0]),
        "prepare got amplitudes of type bool; give real or complex numbers",
    ),
    "a qubit twice": (
        lambda c: c.prepare([1, 0, 0, 0], [1, 1]), "prepare got the qubits (1, 1), but each may come only once",
    ),
    "a qubit that is not there": (
        lambda c: c.prepare([1, 0], [3]), "prepare got qubit 3, but the circuit has qubits 0 to 2",
    ),
    "after a gate": (lambda c: c.prepare([1, 0], [2]), FREE.format("h 2 acts on qubit 2")),
    "after a gate, by a bitstring": (lambda c: c.prepare("1", [2]), FREE.format("h 2 acts on qubit 2")),
    "after a preparation": (
        lambda c: c.prepare([1, 0], [0]).prepare([1, 0], [0]), FREE.format("prepare 0 acts on qubit 0"),
    ),
    "on the control of a gate": (
        lambda c: c.cx(1, 2).prepare([0, 1], [1]), FREE.format("cx 1 2 acts on qubit 1"),
    ),
    "under a control": (
        lambda c: c.controlled(kg.Circuit(1).prepare([0, 1]), [1], [0]),
        "Prepare has no controlled form; control gates alone",
    ),
    "inverted": (
        lambda c: kg.Circuit(1).prepare([0, 1]).inverse(), "Prepare has no inverse; invert circuits of gates alone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_with_its_sentence(case):
    call, sentence = REFUSED[case]
    with pytest.raises(kg.KetgradError) as caught:
        call(kg.Circuit(3).h(2))
    assert str(caught.value) == sentence


def test_a_refused_preparation_leaves_the_circuit_as_it_was():
    circuit = kg.Circuit(2).h(1)
    for given in ([1, 0, 0, 1], "01", [0, 0, 0, 0], [1, 0]):
        with pytest.raises(kg.InvalidValueError):
            circuit.prepare(given)
    assert len(circuit) == 1


BITSTRINGS = {"another letter": ("0+", [0, 1]), "too long": ("011", [0, 1]), "too short": ("1", [0, 1])}


@pytest.mark.parametrize("case", BITSTRINGS)
def test_a_wrong_bitstring_is_refused_under_the_name_of_prepare(case):
    bits, qubits = BITSTRINGS[case]
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.Circuit(2).prepare(bits, qubits)
    assert str(caught.value).startswith(f"prepare got the outcome {bits!r}") or str(caught.value).startswith(
        f"prepare got the bitstring {bits!r}"
    )


@pytest.mark.parametrize(
    "given",
    [[10**400, 1], [True, False], ["1", "0"], [[1, 0], [0, 1]], {1: 0}, b"01"],
    ids=["beyond all floats", "booleans", "strings", "rows", "dictionary", "bytes"],
)
def test_what_holds_no_amplitudes_is_refused_by_an_error_of_ketgrad(given):
    with pytest.raises(kg.KetgradError):
        kg.Circuit(1).prepare(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [([0.0, 0.0], "all zero, which is no state"), ([float("nan"), 1.0], "not finite; give finite numbers")],
    ids=["zeros", "NaN"],
)
def test_native_amplitudes_without_a_direction_are_refused_when_the_state_is_asked_for(backend, given, words):
    with pytest.raises(kg.InvalidValueError, match=f"prepare got amplitudes that are {words}"):
        kg.Circuit(1).prepare(backend.asarray(given)).state()


def test_symbols_whose_values_are_all_zero_are_refused_in_one_element_of_a_batch_too(backend):
    function = kg.function(kg.Circuit(1).prepare(kg.parameters("a", (2,))), kg.state())
    with pytest.raises(kg.InvalidValueError, match="prepare got amplitudes that are all zero"):
        function([[1.0, 2.0], [0.0, 0.0]])


def test_traced_amplitudes_of_a_wrong_length_are_refused(autodiff_backend):
    evaluate = kg.jit(lambda start: kg.Circuit(2).prepare(start).expectation(kg.Z(0)))
    with pytest.raises(Exception, match=r"prepare on 2 qubits takes amplitudes of shape \(4,\), got \(2,\)"):
        evaluate(autodiff_backend.asarray([1.0, 1.0]))


def test_traced_amplitudes_that_are_all_zero_give_nan_and_no_state(autodiff_backend):
    evaluate = kg.jit(lambda start: kg.Circuit(1).prepare(start).expectation(kg.Z(0)))
    with np.errstate(all="ignore"):
        try:
            found = evaluate(autodiff_backend.asarray([0.0, 0.0]))
        except kg.InvalidValueError:
            return
    assert np.isnan(autodiff_backend.to_numpy(found))


STARTS = {
    "zeros": ([0, 0], "initial_state got amplitudes that are all zero, which is no state; give at least one other"),
    "zeros in a batch": (
        [[1, 0], [0, 0]], "initial_state got amplitudes that are all zero, which is no state; give at least one other",
    ),
    "NaN": ([float("nan"), 1], "initial_state got amplitudes that are not finite; give finite numbers"),
    "a wrong length": (
        [1, 0, 0], "initial_state got values of shape (3,); give shape (2,), with batch axes in front if wanted",
    ),
    "a number": (1.0, "initial_state got values of shape (); give shape (2,), with batch axes in front if wanted"),
}  # fmt: skip


@pytest.mark.parametrize("case", STARTS)
def test_a_wrong_initial_state_is_refused_with_its_sentence(backend, case):
    given, sentence = STARTS[case]
    with pytest.raises(kg.InvalidValueError) as caught:
        kg.function(kg.Circuit(1), kg.state())(initial_state=given)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("given", ["1", kg.Circuit(1), {0: 1}], ids=["string", "circuit", "dictionary"])
def test_an_initial_state_that_is_no_array_is_refused_by_an_error_of_ketgrad(given):
    with pytest.raises(kg.KetgradError):
        kg.function(kg.Circuit(1), kg.state())(initial_state=given)


def test_initial_states_that_do_not_broadcast_with_the_parameters_are_refused():
    function = kg.function(kg.Circuit(1).rx(kg.parameters("x"), 0), kg.state())
    with pytest.raises(kg.InvalidValueError, match=r"the batch axes \(3,\), \(2,\) do not broadcast"):
        function([0.1, 0.2, 0.3], initial_state=[[1, 0], [0, 1]])
