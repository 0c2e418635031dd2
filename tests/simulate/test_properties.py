"""Properties of every circuit, on random ones out of all that a circuit can hold, and against dense matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ketgrad as kg
from circuit_recipes import (
    TOLERANCE,
    angles,
    build,
    dense,
    dense_item,
    entangled,
    few,
    haar,
    items,
    many,
    matrix_of,
    moved,
    near,
    recipes,
    sized,
    state_of,
)
from dense_channels import CHANNELS, apply_kraus, pure
from dense_reference import bits_of, embed, pauli_matrix

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
