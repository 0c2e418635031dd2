"""Properties of every circuit, on random ones out of all that a circuit of gates can hold, and against dense matrices.

A recipe is a list of items, each read twice: `build` puts it into a circuit, `dense` makes the matrix it is to have.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ketgrad as kg
from dense_channels import CHANNELS, apply_kraus, controlled_on, pure, word_matrix
from dense_reference import GATES, bits_of, embed, gate_matrix, pauli_matrix

TOLERANCE = 1e-12
many = settings(max_examples=60, deadline=None, derandomize=True)
few = settings(max_examples=25, deadline=None, derandomize=True)
angles = st.floats(-7, 7)


# Recipes: what they hold, and their two readings


def haar(size, seed):
    generator = np.random.default_rng(seed)
    matrix = generator.normal(size=(size, size)) + 1j * generator.normal(size=(size, size))
    unitary, upper = np.linalg.qr(matrix)
    return unitary * (np.diag(upper) / np.abs(np.diag(upper)))


def build(circuit, recipe):
    for kind, *content in recipe:
        match kind:
            case "gate":
                circuit.append(*content)
            case "word":
                circuit.pauli_rotation(*content)
            case "unitary":
                seed, qubits = content
                circuit.unitary(haar(2 ** len(qubits), seed), qubits)
            case "controlled":
                inner, controls, on, qubits = content
                circuit.controlled(build(kg.Circuit(len(qubits)), inner), controls, qubits, on)
            case "compose":
                inner, qubits = content
                circuit.compose(build(kg.Circuit(len(qubits)), inner), qubits)
    return circuit


def dense(recipe, n):
    total = np.eye(2**n, dtype=complex)
    for item in recipe:
        total = dense_item(item, n) @ total
    return total


def dense_item(item, n):
    match item:
        case ("gate", name, values, qubits):
            return embed(gate_matrix(name, values), qubits, n)
        case ("word", theta, word, qubits):
            matrix = math.cos(theta / 2) * np.eye(2 ** len(word)) - 1j * math.sin(theta / 2) * word_matrix(word)
            return embed(matrix, qubits, n)
        case ("unitary", seed, qubits):
            return embed(haar(2 ** len(qubits), seed), qubits, n)
        case ("controlled", inner, controls, on, qubits):
            return embed(controlled_on(dense(inner, len(qubits)), on), [*controls, *qubits], n)
        case ("compose", inner, qubits):
            return embed(dense(inner, len(qubits)), qubits, n)
    raise AssertionError(item)


def moved(recipe, new):
    """Return the recipe with qubit q in place new[q]."""

    def places(qubits):
        return tuple(new[qubit] for qubit in qubits)

    result = []
    for kind, *content, qubits in recipe:
        if kind == "controlled":
            inner, controls, on = content
            content = [inner, places(controls), on]
        result.append((kind, *content, places(qubits)))
    return result


@st.composite
def items(draw, n, depth=2):
    kinds = ["gate"] * 4 + ["word", "unitary"] + (["compose"] if depth else [])
    kinds += ["controlled"] * 2 if depth and n > 1 else []
    kind = draw(st.sampled_from(kinds))
    order = tuple(draw(st.permutations(range(n))))
    if kind == "gate":
        name = draw(st.sampled_from(sorted(name for name, gate in GATES.items() if gate.qubits <= n)))
        values = draw(st.tuples(*[angles] * GATES[name].angles))
        return kind, name, values, order[: GATES[name].qubits]
    if kind == "word":
        word = draw(st.text("IXYZ", min_size=1, max_size=n).filter(lambda text: set(text) - {"I"}))
        return kind, draw(angles), word, order[: len(word)]
    if kind == "unitary":
        return kind, draw(st.integers(0, 10**6)), order[: draw(st.integers(1, min(n, 3)))]
    if kind == "compose":
        size = draw(st.integers(1, n))
        return kind, draw(recipes(size, depth - 1, 3)), order[:size]
    size = draw(st.integers(1, n - 1))
    count = draw(st.integers(1, n - size))
    on = draw(st.text("01", min_size=count, max_size=count))
    return kind, draw(recipes(size, depth - 1, 2)), order[:count], on, order[count : count + size]


def recipes(n, depth=2, longest=6):
    return st.lists(items(n, depth), min_size=1, max_size=longest)


@st.composite
def sized(draw, smallest=1, largest=4, longest=6):
    n = draw(st.integers(smallest, largest))
    return n, draw(recipes(n, longest=longest))


def entangled(n):
    """Return a recipe for a state without symmetry."""
    turns = [("gate", "u", (0.4 + 0.3 * q, 0.9 - 0.2 * q, 0.5 * q), (q,)) for q in range(n)]
    return turns + [("gate", "cx", (), (q, (q + 1) % n)) for q in range(n) if n > 1] + turns[::-1]


def state_of(n, recipe):
    return build(kg.Circuit(n), recipe).state()


def matrix_of(circuit):
    """Return the matrix of a circuit, from what it makes of each basis state."""
    return kg.function(circuit, kg.state())(initial_state=np.eye(2**circuit.num_qubits)).T


def near(found, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


# States


@many
@given(sized())
def test_a_circuit_of_anything_has_the_matrix_of_its_definition(drawn):
    n, recipe = drawn
    near(matrix_of(build(kg.Circuit(n), recipe)), dense(recipe, n))


@many
@given(sized(largest=5))
def test_a_circuit_of_anything_keeps_the_norm(drawn):
    assert np.linalg.norm(state_of(*drawn)) == pytest.approx(1, abs=TOLERANCE)


@few
@given(st.data())
def test_words_of_weight_4_to_6_among_other_gates_have_their_matrices(data):
    word = data.draw(st.text("XYZ", min_size=4, max_size=6))
    qubits = tuple(data.draw(st.permutations(range(6)))[: len(word)])
    recipe = [*entangled(6), ("word", data.draw(angles), word, qubits), *data.draw(recipes(6, 0, 2))]
    near(state_of(6, recipe), dense(recipe, 6)[:, 0])


@few
@given(st.data())
def test_controls_of_a_circuit_that_has_controls_add_up(data):
    gate = data.draw(items(2, 0))
    inner, outer = data.draw(st.text("01", min_size=1, max_size=1)), data.draw(st.text("01", min_size=1, max_size=2))
    order = tuple(data.draw(st.permutations(range(5))))
    once = ("controlled", [gate], (2,), inner, (1, 0))
    recipe = [*entangled(5), ("controlled", [once], order[3 : 3 + len(outer)], outer, order[:3])]
    near(state_of(5, recipe), dense(recipe, 5)[:, 0])


@few
@given(sized(smallest=2), st.data())
def test_relabelled_qubits_permute_the_amplitudes(drawn, data):
    n, recipe = drawn
    new = data.draw(st.permutations(range(n)))
    before, after = state_of(n, recipe), state_of(n, moved(recipe, new))
    for index in range(2**n):
        bits = bits_of(index, n)
        place = sum(bit << (n - 1 - new[qubit]) for qubit, bit in enumerate(bits))
        assert after[place] == pytest.approx(before[index], abs=TOLERANCE)


@few
@given(sized(largest=3), st.data())
def test_an_idle_qubit_anywhere_changes_nothing(drawn, data):
    n, recipe = drawn
    place = data.draw(st.integers(0, n))
    others = [qubit for qubit in range(n + 1) if qubit != place]
    circuit = build(kg.Circuit(n + 1), moved(recipe, others))
    near(circuit.density_matrix(others), pure(state_of(n, recipe)))
    near(circuit.probabilities([place]), [1, 0])


@few
@given(sized(), st.data())
def test_a_barrier_anywhere_changes_nothing(drawn, data):
    n, recipe = drawn
    cut = data.draw(st.integers(0, len(recipe)))
    qubits = data.draw(st.permutations(range(n)))[: data.draw(st.integers(0, n))]
    circuit = build(build(kg.Circuit(n), recipe[:cut]).barrier(*qubits), recipe[cut:])
    assert np.array_equal(circuit.state(), state_of(n, recipe))


@few
@given(sized(), st.data())
def test_a_circuit_composed_on_permuted_qubits_acts_on_them_in_that_order(drawn, data):
    n, recipe = drawn
    qubits = tuple(data.draw(st.permutations(range(5)))[:n])
    circuit = build(kg.Circuit(5), entangled(5)).compose(build(kg.Circuit(n), recipe), qubits)
    near(circuit.state(), embed(dense(recipe, n), qubits, 5) @ dense(entangled(5), 5)[:, 0])


# Inverses and powers


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


# Mixed states


@few
@given(sized(), st.data())
def test_the_density_matrix_of_a_noiseless_run_is_the_projector_on_its_state(drawn, data):
    n, recipe = drawn
    order = data.draw(st.permutations(range(n)))
    circuit = build(kg.Circuit(n), recipe)
    near(circuit.density_matrix(), pure(circuit.state()))
    permuted = circuit.density_matrix(order)
    near(permuted, pure(dense([("compose", recipe, [order.index(qubit) for qubit in range(n)])], n)[:, 0]))


def noisy(n):
    return st.lists(
        st.tuples(
            items(n, 1),
            st.sampled_from(sorted(name for name, noise in CHANNELS.items() if noise.qubits <= n)),
            st.permutations(range(n)),
        ),
        min_size=1,
        max_size=4,
    )


@few
@given(st.data())
def test_a_noisy_run_gives_the_positive_matrix_of_trace_1_that_kraus_operators_give(data):
    n = data.draw(st.integers(1, 3))
    circuit, rho = kg.Circuit(n), pure(np.eye(2**n)[0])
    for item, name, order in data.draw(noisy(n)):
        noise = CHANNELS[name]
        qubits = tuple(order[: noise.qubits])
        build(circuit, [item]).channel(name, noise.values, qubits)
        unitary = dense_item(item, n)
        rho = apply_kraus(unitary @ rho @ unitary.conj().T, noise.kraus(*noise.values), qubits)
    found = circuit.density_matrix()
    assert np.trace(found) == pytest.approx(1, abs=TOLERANCE)
    near(found, found.conj().T)
    assert np.linalg.eigvalsh(found).min() > -TOLERANCE
    near(found, rho)


# Observables


@st.composite
def sums(draw, n):
    words = st.lists(st.sampled_from("IXYZ"), min_size=n, max_size=n).map(
        lambda letters: " ".join(f"{letter}{qubit}" for qubit, letter in enumerate(letters) if letter != "I")
    )
    return draw(st.dictionaries(words, st.floats(-3, 3), min_size=1, max_size=5))


@many
@given(sized(), st.data())
def test_expectation_and_variance_of_a_pauli_sum_are_those_of_its_matrix(drawn, data):
    n, recipe = drawn
    terms = data.draw(sums(n))
    observable = kg.PauliSum({word or "I": value for word, value in terms.items()})
    operator, state = pauli_matrix(terms, n), dense(recipe, n)[:, 0]
    near(observable.matrix(n), operator)
    circuit = build(kg.Circuit(n), recipe)
    mean = (state.conj() @ operator @ state).real
    near(circuit.expectation(observable), mean, 1e-11)
    near(circuit.variance(observable), (state.conj() @ operator @ operator @ state).real - mean**2, 1e-10)


@few
@given(sized(smallest=2), st.data())
def test_a_hermitian_matrix_on_permuted_qubits_has_the_expectation_of_its_embedding(drawn, data):
    n, recipe = drawn
    qubits = data.draw(st.permutations(range(n)))[: data.draw(st.integers(1, n))]
    half = haar(2 ** len(qubits), data.draw(st.integers(0, 1000)))
    matrix, state = half + half.conj().T, dense(recipe, n)[:, 0]
    found = build(kg.Circuit(n), recipe).expectation(kg.Hermitian(matrix, qubits))
    near(found, (state.conj() @ embed(matrix, qubits, n) @ state).real, 1e-11)


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
