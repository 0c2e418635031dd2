"""One circuit, whichever way its parameters are given and whichever backend it runs on."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import ketgrad as kg
from circuit_recipes import angles, build, dense, entangled, few, near, state_of
from dense_channels import CHANNELS, apply_kraus, pure
from dense_reference import GATES, pauli_matrix

# Ways to give parameters


SPACE = kg.parameters("space", (12,))


@st.composite
def parametrised(draw):
    """Return n, a list of gates with their angles left out, and values for three elements of a batch."""
    n = draw(st.integers(1, 3))
    names = sorted(name for name, gate in GATES.items() if gate.angles and gate.qubits <= n)
    gates = [
        (name, tuple(draw(st.permutations(range(n)))[: GATES[name].qubits]))
        for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
    ]
    return n, gates, np.array(draw(st.lists(angles, min_size=36, max_size=36))).reshape(3, 12)


def filled(n, gates, values):
    """Put values, of whatever kind, into the gates; those of one gate in a row."""
    circuit, position = kg.Circuit(n).h(0), 0
    for name, qubits in gates:
        count = GATES[name].angles
        circuit.append(name, [values[position + index] for index in range(count)], qubits)
        position += count
    return circuit


def exact(n, gates, row):
    position, recipe = 0, [("gate", "h", (), (0,))]
    for name, qubits in gates:
        recipe.append(("gate", name, tuple(row[position : position + GATES[name].angles]), qubits))
        position += GATES[name].angles
    return dense(recipe, n)[:, 0]


def padded(n, gates, row):
    """Return a circuit that uses all symbols, those left over in rotations by nothing."""
    circuit = filled(n, gates, row)
    used = sum(GATES[name].angles for name, _ in gates)
    for index in range(used, 12):
        circuit.rx(0.0 * row[index], 0)
    return circuit


@few
@given(parametrised())
def test_numbers_symbols_and_native_arrays_give_one_state(drawn):
    n, gates, values = drawn
    expected = exact(n, gates, values[0])
    near(filled(n, gates, values[0].tolist()).state(), expected)
    near(filled(n, gates, [np.array(value) for value in values[0]]).state(), expected)
    near(kg.function(filled(n, gates, SPACE), kg.state())(values[0]), expected)


@few
@given(parametrised())
def test_a_batch_is_a_loop_is_vmap(drawn):
    n, gates, values = drawn
    function = kg.function(padded(n, gates, SPACE), kg.state())
    expected = np.stack([exact(n, gates, row) for row in values])
    near(function(values), expected)
    near(np.stack([function(row) for row in values]), expected)
    near(kg.vmap(function)(values), expected)
    near(kg.vmap(lambda row: filled(n, gates, row).state())(values), expected)


# Every backend


FULL = [
    *entangled(4),
    ("word", 0.7, "XYZY", (2, 0, 3, 1)),
    ("word", -1.9, "ZIX", (3, 1, 0)),
    ("unitary", 5, (1, 3)),
    ("controlled", [("gate", "u", (0.4, 1.2, -0.6), (0,)), ("gate", "iswap", (), (1, 0))], (3, 0), "01", (2, 1)),
    ("controlled", [("controlled", [("word", 1.1, "YX", (0, 1))], (2,), "0", (1, 0))], (0,), "1", (3, 1, 2)),
    ("compose", [("gate", "double_excitation", (0.9,), (3, 0, 2, 1)), ("gate", "cu", (1, 2, 3, 4), (2, 0))],
     (1, 3, 0, 2)),
    ("gate", "cswap", (), (2, 0, 3)),
    ("gate", "csxdg", (), (3, 1)),
]  # fmt: skip
TERMS = {"X0 Y2": 0.4, "Z1": -1.2, "Y0 Y3 Z2": 0.8, "": 0.3}


def test_every_backend_gives_the_same_state(backend):
    near(backend.to_numpy(state_of(4, FULL)), dense(FULL, 4)[:, 0])


def test_every_backend_gives_the_same_inverse(backend):
    circuit = build(kg.Circuit(4), FULL).inverse().state()
    near(backend.to_numpy(circuit), dense(FULL, 4).conj().T[:, 0])


def test_every_backend_gives_the_same_expectation_and_variance(backend):
    circuit, state = build(kg.Circuit(4), FULL), dense(FULL, 4)[:, 0]
    operator = pauli_matrix(TERMS, 4)
    observable = kg.PauliSum({word or "I": value for word, value in TERMS.items()})
    mean = (state.conj() @ operator @ state).real
    near(backend.to_numpy(circuit.expectation(observable)), mean)
    near(backend.to_numpy(circuit.variance(observable)), (state.conj() @ operator @ operator @ state).real - mean**2)


def test_every_backend_gives_the_same_noisy_density_matrix(backend):
    circuit, rho = build(kg.Circuit(3), entangled(3)), pure(dense(entangled(3), 3)[:, 0])
    for position, (name, noise) in enumerate(sorted(CHANNELS.items())):
        qubits = tuple((position + index) % 3 for index in range(noise.qubits))
        circuit.channel(name, noise.values, qubits)
        rho = apply_kraus(rho, noise.kraus(*noise.values), qubits)
    near(backend.to_numpy(circuit.density_matrix([2, 0, 1])), dense_permutation(rho, (2, 0, 1)))


def dense_permutation(rho, order):
    """Return a density matrix with qubit order[k] in place k."""
    n = len(order)
    axes = [*order, *(n + qubit for qubit in order)]
    return rho.reshape((2,) * (2 * n)).transpose(axes).reshape(2**n, 2**n)


def test_every_backend_gives_the_same_batch_by_symbols_and_by_vmap(backend):
    gates = [("u", (1,)), ("crz", (1, 0)), ("rzx", (0, 2)), ("single_excitation", (2, 1)), ("cp", (0, 1))]
    values = np.random.default_rng(3).uniform(-4, 4, (3, 12))
    expected = np.stack([exact(3, gates, row) for row in values])
    found = kg.function(padded(3, gates, SPACE), kg.state())(backend.asarray(values))
    near(backend.to_numpy(found), expected)
    mapped = kg.vmap(lambda row: filled(3, gates, [backend.take(row, i, axis=0) for i in range(12)]).state())
    near(backend.to_numpy(mapped(backend.asarray(values))), expected)
