"""Circuits of everything that a circuit of gates can hold, drawn at random, and a plain reference for up to 17 qubits.

A circuit is a list of pieces, each read twice: `build` puts it into a circuit with symbols for its numbers, `evolve`
applies its matrix to a vector. The reference shares nothing with ketgrad; its matrices are `dense_reference`'s. Angles
are multiples of 1/64, so that single precision holds them without error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

import ketgrad as kg
from dense_reference import GATES, PAULIS, gate_matrix

A, B = kg.parameters("a", (2, 3)), kg.parameters("b")
SYMBOLS = [*A.flat, 1 * B]
FACTORS = (1.0, -1.0, 0.5, 2.0, -0.25)
PERMUTATIONS = ("x", "cx", "swap", "ccx", "cswap")
DIAGONALS = ("rz", "rzz", "cz", "cp", "crz", "p", "t", "tdg", "s", "sdg", "z", "ccz", "id")


class Number(NamedTuple):
    """A constant plus some of the seven parameters times factors."""

    constant: float
    terms: tuple[tuple[int, float], ...] = ()

    def symbolic(self) -> Any:
        return sum((factor * SYMBOLS[index] for index, factor in self.terms), self.constant)

    def value(self, values: Any) -> float:
        return self.constant + sum(factor * float(values[index]) for index, factor in self.terms)


class Piece(NamedTuple):
    """A gate of the table, or a "word", "matrix" or "load" whose letters, entries or amplitudes are `given`."""

    name: str
    numbers: tuple[Number, ...]
    qubits: tuple[int, ...]
    controls: tuple[int, ...] = ()
    on: str = ""
    given: Any = None


def dyadic(rng: np.random.Generator, shape: Any = ()) -> Any:
    """Return numbers from −3 to 3 that are multiples of 1/64."""
    return rng.integers(-192, 193, shape) / 64


def haar(rng: np.random.Generator, size: int) -> Any:
    return np.linalg.qr(rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size)))[0]


def amplitudes(rng: np.random.Generator, shape: Any) -> Any:
    """Return normalised vectors along the last axis."""
    vectors = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def number(rng: np.random.Generator) -> Number:
    """Draw a constant, a symbol, or an affine expression of one or two."""
    picked = rng.permutation(len(SYMBOLS))[: rng.choice(3, p=[0.15, 0.65, 0.2])]
    terms = tuple((int(index), float(rng.choice(FACTORS))) for index in picked)
    return Number(0.0 if len(terms) == 1 and rng.random() < 0.5 else float(dyadic(rng)), terms)


def piece(rng: np.random.Generator, places: Sequence[int], names: Sequence[str], most_controls: int = 0) -> Piece:
    """Draw a piece on some of the places; it must find one that fits there."""
    sizes = {name: GATES[name].qubits if name in GATES else 1 for name in names}
    name = str(rng.choice([name for name, size in sizes.items() if size <= len(places)]))
    size = sizes[name]
    if name not in GATES:
        size = int(rng.integers(1, min(len(places), {"word": 6, "matrix": 4}[name]) + 1))
    count = int(rng.integers(0, min(most_controls, len(places) - size) + 1))
    chosen = [int(place) for place in rng.permutation(places)[: size + count]]
    on = "".join(rng.choice(["0", "1"], count))
    given = {"word": "".join(rng.choice(list("XYZ"), size)), "matrix": None}.get(name)
    if name == "matrix":
        given = haar(rng, 2**size)
    numbers = tuple(number(rng) for _ in range(GATES[name].angles if name in GATES else int(name == "word")))
    return Piece(name, numbers, tuple(chosen[:size]), tuple(chosen[size:]), on, given)


def mixture(rng: np.random.Generator, n: int, count: int) -> list[Piece]:
    """Draw pieces of all kinds, among them runs of permutations and of diagonal gates; a and b both stand in it."""
    pieces = [Piece("ry", (Number(0.0, ((0, 1.0),)),), (0,)), Piece("rx", (Number(0.25, ((6, 1.0),)),), (n - 1,))]
    everything, places = [*GATES, "word", "word", "matrix"], range(n)
    while len(pieces) < count:
        kind = rng.integers(8)
        names = PERMUTATIONS if kind == 0 else DIAGONALS if kind == 1 else everything
        run = int(rng.integers(3, 9)) if kind < 2 else 1
        pieces += [piece(rng, places, names, most_controls=3 if rng.random() < 0.3 else 0) for _ in range(run)]
    return pieces


def build(n: int, pieces: Iterable[Piece], given: Callable[[Any], Any] = lambda array: array) -> kg.Circuit:
    """Return the circuit; `given` takes matrices and amplitudes to native arrays."""
    circuit = kg.Circuit(n)
    for item in pieces:
        if item.name == "load":
            circuit.prepare(given(item.given), item.qubits)
            continue
        small, places = kg.Circuit(len(item.qubits)), range(len(item.qubits))
        match item.name:
            case "word":
                small.pauli_rotation(item.numbers[0].symbolic(), item.given, places)
            case "matrix":
                small.unitary(given(item.given), places)
            case name:
                small.append(name, [angle.symbolic() for angle in item.numbers], places)
        if item.controls:
            circuit.controlled(small, item.controls, item.qubits, on=item.on)
        else:
            circuit.compose(small, item.qubits)
    return circuit


# The reference


def matrix_of(item: Piece, values: Any) -> Any:
    angles = [angle.value(values) for angle in item.numbers]
    match item.name:
        case "matrix":
            return item.given
        case "load":
            # On qubits in |0…0⟩ the first column alone matters.
            return np.outer(item.given / np.linalg.norm(item.given), np.eye(len(item.given))[0])
        case "word":
            word = np.eye(1)
            for letter in item.given:
                word = np.kron(word, PAULIS[letter])
            return np.cos(angles[0] / 2) * np.eye(len(word)) - 1j * np.sin(angles[0] / 2) * word
        case name:
            return gate_matrix(name, angles)


def apply(state: Any, matrix: Any, qubits: Sequence[int], controls: Sequence[int] = (), on: str = "") -> Any:
    """Return the state after a matrix on some qubits, where the controls are as `on` says."""
    n, k = len(state).bit_length() - 1, len(qubits)
    result = np.array(state, complex).reshape((2,) * n)
    values = dict(zip(controls, map(int, on), strict=True))
    part = result[tuple(values.get(qubit, slice(None)) for qubit in range(n))]
    rest = [qubit for qubit in range(n) if qubit not in values]
    axes = [rest.index(qubit) for qubit in qubits]
    moved = np.moveaxis(part, axes, range(k))
    mixed = (np.asarray(matrix) @ moved.reshape(2**k, -1)).reshape(moved.shape)
    part[...] = np.moveaxis(mixed, range(k), axes)
    return result.reshape(-1)


def evolve(n: int, pieces: Iterable[Piece], values: Any, state: Any = None) -> Any:
    """Return the state that the pieces make, of |0…0⟩ by default."""
    state = np.eye(1, 2**n, dtype=complex)[0] if state is None else state
    for item in pieces:
        state = apply(state, matrix_of(item, values), item.qubits, item.controls, item.on)
    return state


def pauli_sum(terms: dict[str, float], state: Any) -> Any:
    """Return Aψ for a sum of Pauli words."""
    total = np.zeros(len(state), complex)
    for word, coefficient in terms.items():
        turned = state
        for factor in word.split():
            turned = apply(turned, PAULIS[factor[0]], [int(factor[1:])])
        total += coefficient * turned
    return total


def reduced(state: Any, qubits: Sequence[int]) -> Any:
    """Return the density matrix of some qubits."""
    n = len(state).bit_length() - 1
    rows = np.moveaxis(state.reshape((2,) * n), qubits, range(len(qubits))).reshape(2 ** len(qubits), -1)
    return rows @ rows.conj().T


def entropy(state: Any, qubits: Sequence[int]) -> float:
    eigenvalues = np.linalg.eigvalsh(reduced(state, qubits))
    kept = eigenvalues[eigenvalues > 1e-15]
    return float(-np.sum(kept * np.log(kept)))


def random_terms(rng: np.random.Generator, n: int, count: int, letters: str = "IXYZ") -> dict[str, float]:
    """Draw a Pauli sum, the identity in it, whose coefficients' absolute values add up to 1."""
    words = {"I0": 0.5}
    for _ in range(count):
        drawn = rng.choice(list(letters), n)
        factors = [f"{letter}{qubit}" for qubit, letter in enumerate(drawn) if letter != "I"]
        words[" ".join(factors) or "I0"] = float(rng.normal())
    scale = sum(map(abs, words.values()))
    return {word: coefficient / scale for word, coefficient in words.items()}


class Result(NamedTuple):
    """A measurement, and the same of a state vector."""

    measurement: Any
    reference: Callable[[Any], Any]


def random_results(rng: np.random.Generator, n: int) -> list[Result]:
    """Draw one of each exact result."""
    terms, wide = random_terms(rng, n, 6), random_terms(rng, n, 3, "YYXZ")
    some = [int(qubit) for qubit in rng.permutation(n)[: min(n, int(rng.integers(1, 5)))]]
    few, target = some[: min(len(some), 2)], amplitudes(rng, 2**n)
    return [
        Result(kg.expval(kg.PauliSum(terms)), lambda state: np.vdot(state, pauli_sum(terms, state)).real),
        Result(kg.var(kg.PauliSum(wide)), lambda state: variance(wide, state)),
        Result(kg.probs(some), lambda state: np.diag(reduced(state, some)).real),
        Result(kg.state(), lambda state: state),
        Result(kg.purity(few), lambda state: np.sum(np.abs(reduced(state, few)) ** 2)),
        Result(kg.fidelity(target), lambda state: np.abs(np.vdot(target, state)) ** 2),
        Result(kg.entropy(few), lambda state: entropy(state, few)),
    ]


def variance(terms: dict[str, float], state: Any) -> float:
    turned = pauli_sum(terms, state)
    return float(np.vdot(turned, turned).real - np.vdot(state, turned).real ** 2)


# Both engines


def split(values: Any, dtype: str = "float64") -> tuple[Any, Any]:
    """Return seven parameters, on the last axis, as the arrays a and b."""
    values = np.asarray(values, dtype)
    return values[..., :6].reshape(*values.shape[:-1], 2, 3), values[..., 6]


def weighted(results: Any, weights: Sequence[Any]) -> Any:
    """Return one real number, a sum of everything in the results."""
    backend, total = kg.get_backend(), 0.0
    for result, weight in zip(results if isinstance(results, tuple) else (results,), weights, strict=True):
        total = total + backend.sum(backend.real(backend.asarray(weight) * result))
    return total


def random_weights(rng: np.random.Generator, results: Any, dtype: str = "float64") -> list[Any]:
    """Return weights of the shapes and kinds of NumPy results."""
    found = []
    for result in results:
        weight = rng.normal(size=result.shape) / max(1, np.sqrt(result.size))
        if np.iscomplexobj(result):
            weight = (weight + 1j * rng.normal(size=result.shape) / np.sqrt(result.size)).astype("complex128")
            found.append(weight.astype("complex64") if dtype == "float32" else weight)
        else:
            found.append(weight.astype(dtype))
    return found


def gradients(function: Callable[..., Any], arguments: Sequence[Any], weights: Sequence[Any]) -> list[Any]:
    """Return, as NumPy arrays, the weighted sum of a function's results and its gradients by all arguments."""
    backend = kg.get_backend()
    native = [backend.asarray(argument) for argument in arguments]
    scalar = kg.value_and_grad(
        lambda *args: weighted(function(*args), weights), tuple(range(len(native))), fallback="error"
    )
    value, found = scalar(*native)
    return [backend.to_numpy(array) for array in (value, *found)]
