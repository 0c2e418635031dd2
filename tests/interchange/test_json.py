"""Circuits and functions written as JSON and read again: the same instructions, and results equal to the last bit."""

import json
import math

import numpy as np
import pytest

import ketgrad as kg
from branch_reference import play, written_bits
from dense_channels import CHANNELS
from dense_reference import GATES
from installed import installed_backends
from random_circuits import amplitudes, build, haar, mixture, random_results, split
from random_measured import FLAVOURS, case

QASM = """OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg a[2]; creg b[3];
h q[0]; if(b==5) x q[1]; measure q[0] -> a[1]; if(a==2) x q[1];"""


def through_text(record):
    return json.loads(json.dumps(record, allow_nan=False))


def read_circuit(circuit):
    return kg.Circuit.from_dict(through_text(circuit.to_dict()))


def read_function(function):
    return kg.CircuitFunction.from_dict(through_text(function.to_dict()))


def same(left, right):
    pairs = zip(left, right, strict=True) if isinstance(left, tuple) else [(left, right)]
    return all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.parametrize("seed", range(12))
def test_random_circuits_of_all_gates_have_the_same_results(seed):
    rng, n = np.random.default_rng([5, seed]), 1 + seed % 5
    circuit = build(n, mixture(rng, n, 25))
    function = kg.function(circuit, *[item.measurement for item in random_results(rng, n)])
    values = split(rng.normal(size=(3, 7)))
    found = read_function(function)
    assert same(function(*values), found(*values))
    assert found.to_dict() == function.to_dict()


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("seed", range(8))
def test_random_measured_and_noisy_circuits_have_the_same_results(flavour, seed):
    n, steps = case(flavour, seed)
    circuit, bits = play(kg.Circuit, steps, n), written_bits(steps)
    asked = [kg.density_matrix(), *([kg.probs(bits=bits)] if bits else [])]
    function = kg.function(circuit, *asked)
    assert same(function(), read_function(function)())
    assert read_circuit(circuit).operations == circuit.operations


@pytest.mark.parametrize("name", sorted(GATES))
def test_every_gate_of_the_table_is_read_as_it_was(name):
    gate = GATES[name]
    angles = kg.parameters("angles", (4,))
    circuit = kg.Circuit(6).append(name, [0.1 * place for place in range(gate.angles)], range(gate.qubits))
    circuit.append(name, [math.pi * angles[place] - 1 / 3 for place in range(gate.angles)], range(gate.qubits)[::-1])
    inner = kg.Circuit(gate.qubits).append(name, [2] * gate.angles, range(gate.qubits))
    circuit.controlled(inner, [5, 4], range(gate.qubits), on="01")
    assert read_circuit(circuit).operations == circuit.operations


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_every_channel_of_the_table_is_read_as_it_was(name):
    circuit = kg.Circuit(2).channel(name, CHANNELS[name].values, range(CHANNELS[name].qubits))
    assert read_circuit(circuit).operations == circuit.operations


def test_matrices_amplitudes_and_their_adjoints_are_read_to_the_last_bit():
    rng = np.random.default_rng(3)
    turned = kg.Circuit(2).unitary(haar(rng, 4), [1, 0]).inverse()
    circuit = kg.Circuit(3).prepare(amplitudes(rng, 8)).compose(turned, [2, 0])
    circuit.kraus([0.6 * haar(rng, 2), 0.8 * haar(rng, 2)], [1]).controlled(turned, [2], [1, 0], on=0)
    assert read_circuit(circuit).operations == circuit.operations


def test_symbols_stand_in_amplitudes_channels_and_errors_of_reading():
    a, p = kg.parameters("a", (2,)), kg.parameters("p")
    circuit = kg.Circuit(1).prepare([a[0], 2 * a[1] + 0.5]).bit_flip(p, 0).readout_error(p / 2, 0.25, 0)
    assert read_circuit(circuit).operations == circuit.operations
    assert [array.name for array in read_function(kg.function(circuit, kg.probs())).parameters] == ["a", "p"]


@pytest.mark.parametrize("number", [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 3, np.float32(0.1), np.int16(-7)])
def test_numbers_are_exact(number):
    (operation,) = read_circuit(kg.Circuit(1).rx(number, 0)).operations
    assert operation.parameters[0] == number
    assert math.copysign(1, operation.parameters[0]) == math.copysign(1, number)


def test_classical_registers_and_their_sizes_stay():
    circuit = kg.Circuit.from_qasm(QASM)
    found = read_circuit(circuit)
    assert found.register_sizes == circuit.register_sizes == (2, 3)
    assert found.counts(100, seed=1) == circuit.counts(100, seed=1)


def test_a_function_keeps_conditions_on_bits_that_are_not_measured():
    function = kg.function(kg.Circuit.from_qasm(QASM), kg.probs(bits=[1]), kg.density_matrix())
    assert same(read_function(function)(), function())


MEASUREMENTS = [
    kg.expval(0.1 * kg.Z(0) @ kg.X(1) - 2 * kg.Y(0) + 1 / 3 * kg.I()),
    kg.expval(kg.Hermitian([[1, 2 - 1j], [2 + 1j, 0.3]], [1])),
    kg.expval(kg.Projector("10", [1, 0])),
    kg.var(kg.X(0) + 0.25 * kg.Z(1)),
    kg.probs(),
    kg.probs([1]),
    kg.probs(bits=[0]),
    kg.density_matrix([1, 0]),
    kg.purity([0]),
    kg.purity(),
    kg.fidelity([0.6, 0.8j], [1]),
    kg.fidelity(np.eye(4) / 4),
    kg.entropy([0], 2),
    kg.entropy(np.array([1])),
    kg.mutual_info([0], range(1, 2), 3.5),
]


@pytest.mark.parametrize("measurement", MEASUREMENTS, ids=lambda item: type(item).__name__)
def test_every_measurement_gives_the_same(measurement):
    circuit = kg.Circuit(2).ry(0.7, 0).crx(0.4, 0, 1).depolarizing(0.1, 1).measure(0, 0).rx(0.2, 0)
    function = kg.function(circuit, measurement)
    assert same(function(), read_function(function)())


@pytest.mark.parametrize(
    "options",
    [
        {"gradient": "backprop", "engine": "traced"},
        {"gradient": "adjoint"},
        {"gradient": kg.gradients.Hadamard(auxiliary=True)},
        {"gradient": kg.gradients.FiniteDifference(step=0.01)},
        {"gradient": kg.gradients.SPSA(step=0.1, directions=3), "seed": 5},
        {"gradient": "parameter-shift", "shots": 100, "seed": 7},
        {"shots": np.int64(50), "seed": 2**70},
        {"trajectories": 9, "seed": 3},
    ],
)
def test_the_options_of_a_function_are_kept(options):
    theta = kg.parameters("theta", (2,))
    circuit = kg.Circuit(2).rx(theta[0], 0).crx(theta[1], 0, 1)
    function = kg.function(circuit, kg.expval(kg.Z(0)), kg.probs(), **options)
    found = read_function(function)
    assert (found.execution.gradient, found.execution.engine) == (
        function.execution.gradient,
        function.execution.engine,
    )
    assert same(function([0.3, 0.4]), found([0.3, 0.4]))


def test_samples_and_counts_of_a_seed_stay():
    circuit = kg.Circuit(2).h(0).cx(0, 1).measure_all()
    asked = [kg.sample([1, 0]), kg.counts(order="little"), kg.counts(bits=[1])]
    function = kg.function(circuit, *asked, shots=20, seed=11)
    for found, expected in zip(read_function(function)(), function(), strict=True):
        assert np.array_equal(found, expected)


def test_concrete_native_arrays_are_written_by_value(backend):
    rng = np.random.default_rng(8)
    matrix, angle, vector = haar(rng, 4), 0.1, amplitudes(rng, 2)
    circuit = kg.Circuit(2).prepare(backend.asarray(vector), [1]).rx(backend.asarray(angle), 0)
    circuit.unitary(backend.asarray(matrix), [1, 0])
    observable = backend.asarray(0.5) * kg.Z(0) + kg.X(1)
    record = through_text(kg.function(circuit, kg.expval(observable)).to_dict())
    plain = kg.Circuit(2).prepare(vector, [1]).rx(angle, 0).unitary(matrix, [1, 0]).expectation(0.5 * kg.Z(0) + kg.X(1))
    with kg.use_backend("numpy"):
        np.testing.assert_allclose(kg.CircuitFunction.from_dict(record)(), backend.to_numpy(plain), atol=1e-14)


def test_a_leaf_of_a_graph_is_written_by_its_value(autodiff_backend):
    angle = autodiff_backend.requires_grad(autodiff_backend.asarray(0.1))
    assert kg.Circuit(1).rx(angle, 0).to_dict()["instructions"][0]["parameters"] == [0.1]


TRACED = {"pytorch": (kg.vmap, [0.5]), "jax": (kg.jit, 0.5), "tensorflow": (kg.jit, 0.5)}


@pytest.mark.parametrize("name", [name for name in TRACED if name in installed_backends()])
def test_a_traced_value_is_refused(name):
    def written(angle):
        kg.Circuit(1).rx(angle, 0).to_dict()
        return angle

    transform, argument = TRACED[name]
    sentence = "instruction 0: rx holds a traced value, which has no number"
    with kg.use_backend(name) as backend, pytest.raises(kg.UnsupportedError, match=sentence):
        transform(written)(backend.asarray(argument))


def test_the_format_is_that_of_version_1():
    """What was written once is to be read for ever; this text must not change."""
    text = (
        '{"format": "ketgrad.function", "version": 1, "circuit": {"format": "ketgrad.circuit", "version": 1, '
        '"num_qubits": 2, "registers": [1], "parameters": [{"name": "theta", "shape": [2]}], "instructions": ['
        '{"type": "gate", "name": "rx", "parameters": [{"terms": [["theta", 1, 2.0]], "constant": 0.5}], '
        '"qubits": [0]}, '
        '{"type": "measure", "qubit": 0, "bit": 0}, '
        '{"type": "unitary", "matrix": {"array": {"dtype": "complex128", "shape": [2, 2], "values": [[0.0, 0.0], '
        '[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]}}, "qubits": [1], "conditions": {"bits": [0], "on": "1"}}]}, '
        '"measurements": [{"type": "expval", "observable": {"type": "pauli_sum", "terms": [["Z1", -0.5]]}}], '
        '"gradient": {"type": "finite-diff", "step": null}, "engine": "auto", "shots": null, "trajectories": null, '
        '"seed": null}'
    )
    function = kg.CircuitFunction.from_dict(json.loads(text))
    # ⟨Z⟩ of the second qubit is that of the first: it is flipped where the first was found to be 1.
    assert function([9.0, 0.3]) == pytest.approx(-0.5 * math.cos(1.1), abs=1e-14)
    assert json.dumps(function.to_dict()) == text
