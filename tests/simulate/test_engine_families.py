"""Gates of one family in long runs, on 1 to 17 qubits: permutations, diagonal ones, rings, words, matrices, controls.

From 13 qubits on a state is larger than what kernels work on at a time, so that gates meet there on low qubits, on high
ones and on both. States begin at random, so that no amplitude is zero. NumPy alone: the kernels are the same.
"""

from itertools import product

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import GATES
from installed import AUTODIFF, installed_backends
from random_circuits import (
    DIAGONALS,
    PERMUTATIONS,
    SYMBOLS,
    Number,
    Piece,
    amplitudes,
    build,
    dyadic,
    evolve,
    gradients,
    haar,
    pauli_sum,
    piece,
    random_terms,
    random_weights,
    split,
)

WIDE = [13, 14, 15, 16, 17]
ANGLE = Number(0.0, ((0, 1.0),))
ALL_SYMBOLS = Piece("p", (Number(0.0, tuple((index, 0.25) for index in range(7))),), (0,))
"""A gate with all parameters in it, so that every circuit declares both arrays."""


def function(circuit, engine, *measurements):
    made = kg.function(circuit, *measurements, engine=engine)
    return lambda a, b, start: made(a=a, b=b, initial_state=start)


def check(rng, n, pieces):
    """Compare the state with the reference, then the gradients of expectation values and of all amplitudes."""
    values, start = dyadic(rng, 7), amplitudes(rng, 2**n)
    a, b = split(values)
    circuit = build(n, [ALL_SYMBOLS, *pieces])
    expected = evolve(n, [ALL_SYMBOLS, *pieces], values, start)
    found = function(circuit, "compiled", kg.state())(a, b, start)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12, err_msg=repr(circuit))
    terms = random_terms(rng, n, 3)
    energy, state = kg.expval(kg.PauliSum(terms)), random_weights(rng, [expected])
    for measurement, weights in ((energy, [1.0]), (kg.state(), state)):
        slopes = [
            gradients(function(circuit, engine, measurement), (a, b, start), weights)
            for engine in ("compiled", "traced")
        ]
        for compiled, traced in zip(*slopes, strict=True):
            np.testing.assert_allclose(compiled, traced, rtol=0, atol=1e-12, err_msg=repr(circuit))
    # All amplitudes together depend on every parameter.
    assert np.abs(slopes[1][1]).min() > 1e-9


def run_of(rng, places, names, count, most_controls=0):
    return [piece(rng, places, names, most_controls) for _ in range(count)]


def moved(index, n, item):
    """Return where a gate of a permutation takes a basis state, by its bits."""
    bits = {qubit: index >> (n - 1 - qubit) & 1 for qubit in (*item.qubits, *item.controls)}
    kind, last = item.name, item.qubits[-1]
    conditions = {"cx": item.qubits[:1], "ccx": item.qubits[:2], "cswap": item.qubits[:1]}.get(kind, ())
    if not all(bits[qubit] for qubit in conditions):
        return index
    if any(bits[qubit] != int(bit) for qubit, bit in zip(item.controls, item.on, strict=True)):
        return index
    if kind.endswith("x"):
        return index ^ (1 << (n - 1 - last))
    first = item.qubits[-2]
    return index ^ ((1 << (n - 1 - first)) | (1 << (n - 1 - last))) if bits[first] != bits[last] else index


@pytest.mark.parametrize("n", [*range(1, 13), 14])
def test_a_long_run_of_permutations_takes_each_amplitude_where_its_bits_go(n):
    rng = np.random.default_rng([1, n])
    pieces = run_of(rng, range(n), PERMUTATIONS, 200 if n < 9 else 12, 2)
    start = amplitudes(rng, 2**n)
    places = []
    for index in range(2**n):
        for item in pieces:
            index = moved(index, n, item)
        places.append(index)
    expected = np.empty_like(start)
    expected[places] = start
    found = kg.function(build(n, pieces), kg.state(), engine="compiled")(initial_state=start)
    # Nothing is multiplied but by the norm.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("n", [*range(1, 13), *WIDE])
def test_long_runs_of_permutations_between_rotations(n):
    rng = np.random.default_rng([2, n])
    pieces = []
    for _ in range(5 if n < 13 else 2):
        pieces += run_of(rng, range(n), PERMUTATIONS, 15, int(rng.integers(0, 4)))
        pieces += run_of(rng, range(n), ["rx", "ry", "u", "h"], 3)
    check(rng, n, pieces)


def phase(indices, n, item, values):
    """Return the angle by which a diagonal gate turns each basis state, by the exponents' definitions."""
    bits = [indices >> (n - 1 - qubit) & 1 for qubit in item.qubits]
    angle = item.numbers[0].value(values) if item.numbers else 0.0
    fixed = {"t": 0.25, "tdg": -0.25, "s": 0.5, "sdg": -0.5, "z": 1, "cz": 1, "ccz": 1, "id": 0}
    if item.name in fixed:
        turned = np.pi * fixed[item.name] * np.prod(bits, axis=0)
    elif item.name in ("p", "cp"):
        turned = angle * np.prod(bits, axis=0)
    elif item.name in ("rz", "rzz"):
        turned = -angle / 2 * (-1.0) ** sum(bits)
    else:
        turned = -angle / 2 * bits[0] * (-1.0) ** bits[1]
    for qubit, bit in zip(item.controls, item.on, strict=True):
        turned = turned * ((indices >> (n - 1 - qubit) & 1) == int(bit))
    return turned


@pytest.mark.parametrize("n", [*range(1, 13), *WIDE])
def test_a_long_run_of_diagonal_gates_adds_up_their_phases(n):
    rng = np.random.default_rng([3, n])
    pieces = run_of(rng, range(n), DIAGONALS, 80 if n < 13 else 40, 3)
    values, start, indices = dyadic(rng, 7), amplitudes(rng, 2**n), np.arange(2**n)
    angles = sum(phase(indices, n, item, values) for item in [ALL_SYMBOLS, *pieces])
    circuit = build(n, [ALL_SYMBOLS, *pieces])
    weight = rng.normal(size=2**n) + 1j * rng.normal(size=2**n)
    weight /= np.linalg.norm(weight)
    f = function(circuit, "compiled", kg.state())
    value, by_a, by_b, _ = gradients(f, (*split(values), start), [weight])
    final = start * np.exp(1j * angles)
    np.testing.assert_allclose(f(*split(values), start), final, rtol=0, atol=1e-12)
    np.testing.assert_allclose(value, np.sum(weight * final).real, rtol=0, atol=1e-12)
    # Each angle is affine in the parameters, so that a step of 1 is its derivative.
    for place, slope in enumerate([*by_a.ravel(), by_b]):
        step = values + np.eye(7)[place]
        rate = sum(phase(indices, n, item, step) for item in [ALL_SYMBOLS, *pieces] if item.numbers)
        rate = rate - sum(phase(indices, n, item, values) for item in [ALL_SYMBOLS, *pieces] if item.numbers)
        np.testing.assert_allclose(slope, np.sum(weight * 1j * rate * final).real, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [*range(1, 13), *WIDE])
def test_runs_of_diagonal_gates_between_permutations_and_rotations(n):
    rng = np.random.default_rng([4, n])
    pieces = []
    for _ in range(5 if n < 13 else 2):
        pieces += run_of(rng, range(n), DIAGONALS, 10, int(rng.integers(0, 4)))
        pieces += run_of(rng, range(n), ["cx", "swap", "x", "y", "cy"] if n > 1 else ["x", "y"], 3)
        pieces += run_of(rng, range(n), DIAGONALS, 4)
        pieces += run_of(rng, range(n), ["rx", "sx", "h"], 2)
    check(rng, n, pieces)


@pytest.mark.parametrize("n", [*range(2, 13), 14, 16])
def test_rings_of_cx_between_layers_of_rotations(n):
    rng = np.random.default_rng([5, n])
    pieces = []
    for layer in range(3 if n < 13 else 2):
        factors = rng.permutation(7)
        for qubit in range(n):
            number = Number(0.125 * qubit, ((int(factors[qubit % 7]), (-0.5) ** layer),))
            pieces.append(Piece(("ry", "rz", "rx")[(layer + qubit) % 3], (number,), (qubit,)))
        for qubit in range(n):
            pieces.append(Piece("cx", (), (qubit, (qubit + 1 + layer) % n if (1 + layer) % n else (qubit + 1) % n)))
    check(rng, n, pieces)


@pytest.mark.parametrize("word", ["".join(word) for count in (1, 2) for word in product("XYZ", repeat=count)])
@pytest.mark.parametrize("n", [2, 5, 9])
def test_a_rotation_about_any_short_word(n, word):
    rng = np.random.default_rng([6, n, len(word)])
    qubits = tuple(int(qubit) for qubit in rng.permutation(n)[: len(word)])
    check(rng, n, [Piece("word", (ANGLE,), qubits, given=word), Piece("word", (Number(0.5),), qubits, given=word)])


@pytest.mark.parametrize("n", [3, 6, 9, 12, 13, 15])
@pytest.mark.parametrize("length", [3, 4, 5, 6, 9])
def test_rotations_about_long_words_with_controls_and_without(n, length):
    rng = np.random.default_rng([7, n, length])
    size, pieces = min(length, n), []
    for letters in ("XYZ", "Y", "Z", "X"):
        chosen = [int(qubit) for qubit in rng.permutation(n)[: size + 2]]
        word, controls = "".join(rng.choice(list(letters), size)), tuple(chosen[size:])
        on = "10"[: len(controls)]
        pieces.append(Piece("word", (Number(0.25, ((0, 1.0), (6, -0.5))),), tuple(chosen[:size]), given=word))
        pieces.append(Piece("word", (ANGLE,), tuple(chosen[:size]), controls, on, word))
    check(rng, n, pieces)


@pytest.mark.parametrize("name", list(GATES))
def test_every_gate_under_any_number_of_controls_on_0_or_1(name):
    gate, rng = GATES[name], np.random.default_rng(8)
    for n in range(gate.qubits, 9):
        chosen = [int(qubit) for qubit in rng.permutation(n)]
        pieces = []
        for count in sorted({0, min(1, n - gate.qubits), n - gate.qubits}):
            numbers = tuple(Number(float(dyadic(rng)), ((place, 0.5),)) for place in range(gate.angles))
            on = "".join(rng.choice(["0", "1"], count))
            wires = chosen[: gate.qubits], chosen[gate.qubits : gate.qubits + count]
            pieces.append(Piece(name, numbers, tuple(wires[0]), tuple(wires[1]), on))
        check(rng, n, pieces)


@pytest.mark.parametrize("name", list(GATES))
@pytest.mark.parametrize("n", [13, 15])
def test_every_gate_on_low_and_high_and_mixed_qubits_of_a_state_of_several_tiles(name, n):
    gate, rng = GATES[name], np.random.default_rng([9, n])
    numbers = tuple(Number(0.5 - place, ((place, 1.0),)) for place in range(gate.angles))
    pieces = []
    low, high = range(n - 1, -1, -1), range(n)
    for targets in (low, high, rng.permutation(n), rng.permutation(n)):
        targets = tuple(int(qubit) for qubit in targets[: gate.qubits])
        free = [qubit for qubit in range(n) if qubit not in targets]
        pieces.append(Piece(name, numbers, targets))
        pieces.append(Piece(name, numbers, targets, (free[0],), "0"))
        pieces.append(Piece(name, numbers, targets, (free[-1], free[1]), "10"))
    pieces.append(Piece("ry", (ANGLE,), (0,)))
    state = amplitudes(rng, 2**n)
    values = dyadic(rng, 7)
    circuit = build(n, [ALL_SYMBOLS, *pieces])
    expected = evolve(n, [ALL_SYMBOLS, *pieces], values, state)
    found = function(circuit, "compiled", kg.state())(*split(values), state)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    if gate.angles and n == 13:
        energy = kg.expval(kg.PauliSum(random_terms(rng, n, 3)))
        slopes = [
            gradients(function(circuit, engine, energy), (*split(values), state), [1.0])
            for engine in ("compiled", "traced")
        ]
        for compiled, traced in zip(*slopes, strict=True):
            np.testing.assert_allclose(compiled, traced, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", WIDE)
@pytest.mark.parametrize("where", ["low", "high", "mixed"])
def test_circuits_of_everything_on_a_state_of_several_tiles(n, where):
    rng = np.random.default_rng([10, n, len(where)])
    places = {"low": range(n - 6, n), "high": range(6), "mixed": range(n)}[where]
    pieces = run_of(rng, places, [*GATES, "word", "matrix"], 20, 2)
    if where != "mixed":
        across = [0, 1, n // 2, n - 2, n - 1]
        pieces += run_of(rng, across, ["rx", "cx", "crz", "cp", "rzz", "ccz", "u", "word"], 6, 2)
    check(rng, n, [*pieces, Piece("rx", (ANGLE,), (n - 1,))])


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 10, 11, 12, 13, 16])
def test_expectation_values_of_many_words_are_those_of_the_reference(n):
    rng = np.random.default_rng([11, n])
    start = amplitudes(rng, 2**n)
    sums = [random_terms(rng, n, 8 if n < 13 else 4, letters) for letters in ("IXYZ", "Y", "XY", "IZ", "IIIY")]
    f = kg.function(kg.Circuit(n), *[kg.expval(kg.PauliSum(terms)) for terms in sums], engine="compiled")
    values, slopes = f(initial_state=start), []
    for index in range(len(sums)):
        slopes.append(kg.grad(lambda state, i=index: f(initial_state=state)[i], fallback="error")(start))
    for terms, value, slope in zip(sums, values, slopes, strict=True):
        turned = pauli_sum(terms, start)
        mean = np.vdot(start, turned).real
        np.testing.assert_allclose(value, mean, rtol=0, atol=1e-12)
        # The derivative of ⟨ψ|A|ψ⟩/⟨ψ|ψ⟩ at a normalised ψ.
        np.testing.assert_allclose(slope, 2 * (turned - mean * start), rtol=0, atol=1e-12)


SELECTION = [
    *(("numpy", num_qubits, spare) for num_qubits in range(1, 7) for spare in (0, 1, 4, 8)),
    *((name, num_qubits, 1) for name in installed_backends() if name in AUTODIFF[1:] for num_qubits in range(1, 7)),
]


@pytest.mark.parametrize(("backend_name", "num_qubits", "spare"), SELECTION)
def test_gradients_by_the_entries_of_a_matrix(backend_name, num_qubits, spare):
    rng, n = np.random.default_rng([12, num_qubits, spare]), num_qubits + spare
    matrices = [haar(rng, 2**num_qubits), haar(rng, 2)]
    start, terms = amplitudes(rng, 2**n), random_terms(rng, n, 4)
    first, second = (tuple(int(qubit) for qubit in rng.permutation(n)[:num_qubits]) for _ in range(2))
    control = next((qubit for qubit in range(n) if qubit not in second), None)

    def energy(engine):
        def value(matrix, small):
            circuit = kg.Circuit(n).unitary(matrix, first).unitary(small, [n - 1]).rx(0.5, 0).unitary(small, [0])
            if control is None:
                circuit.unitary(matrix, second)
            else:
                circuit.controlled(kg.Circuit(num_qubits).unitary(matrix, range(num_qubits)), [control], second, on=0)
            circuit.h(0)
            return kg.function(circuit, kg.expval(kg.PauliSum(terms)), engine=engine)(initial_state=start)

        return value

    with kg.use_backend(backend_name):
        found = gradients(energy("compiled"), matrices, [1.0])
    exact = gradients(energy("traced"), matrices, [1.0])
    for compiled, traced in zip(found, exact, strict=True):
        assert np.abs(traced).max() > 1e-6
        np.testing.assert_allclose(compiled, traced, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 13])
def test_states_prepared_in_mid_circuit_and_gradients_by_their_amplitudes(autodiff_backend, n):
    rng = np.random.default_rng([13, n])
    count = max(1, n // 3)
    front, back = range(count), tuple(range(count, n))[::-1][:3]
    loaded = Piece("load", (), back, given=2.5 * amplitudes(rng, 2 ** len(back)))
    pieces = [ALL_SYMBOLS, *run_of(rng, front, ["rx", "ry", "u"], 3), loaded]
    pieces += run_of(rng, range(n), ["cx", "rx", "cry", "rzz", "word"], 8)
    values, terms = dyadic(rng, 7), random_terms(rng, n, 4)

    def energy(engine):
        def value(a, b, vector):
            circuit = build(n, pieces, given=lambda _: vector)
            return kg.function(circuit, kg.expval(kg.PauliSum(terms)), engine=engine)(a=a, b=b)

        return value

    arguments = (*split(values), loaded.given)
    found = gradients(energy("compiled"), arguments, [1.0])
    final = evolve(n, pieces, values)
    np.testing.assert_allclose(found[0], np.vdot(final, pauli_sum(terms, final)).real, rtol=0, atol=1e-12)
    with kg.use_backend("numpy"):
        exact = gradients(energy("traced"), arguments, [1.0])
    for compiled, traced in zip(found[1:], exact[1:], strict=True):
        np.testing.assert_allclose(compiled, traced, rtol=0, atol=1e-12)


def test_one_parameter_in_very_many_gates_gathers_all_their_gradients():
    # ⟨Z⟩ = cos(Σ fₖ θ) with 600 gates on one qubit, and as many on another behind CX gates that cancel.
    rng = np.random.default_rng(14)
    factors = rng.integers(-8, 9, 600) / 8
    circuit = kg.Circuit(2)
    for factor in factors:
        circuit.rx(float(factor) * SYMBOLS[6] + 0.125, 0).cx(0, 1).cx(0, 1).ry(0.25 * SYMBOLS[6], 1)
    f = kg.function(circuit, kg.expval(kg.Z(0)), kg.expval(kg.Z(1)), engine="compiled")
    slopes = [kg.value_and_grad(lambda b, i=index: f(b=b)[i])(0.3) for index in (0, 1)]
    total = 0.3 * factors.sum() + 75
    expected = [(np.cos(total), -factors.sum() * np.sin(total)), (np.cos(45), -150 * np.sin(45))]
    # The slope of the second is a sum of 600 parts, each with its own error.
    np.testing.assert_allclose(slopes, expected, rtol=1e-12, atol=1e-12)
