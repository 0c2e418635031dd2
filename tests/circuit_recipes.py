"""Random circuits out of all that a circuit of gates can hold, drawn by hypothesis.

A recipe is a list of items, each read twice: `build` puts it into a circuit, `dense` makes the matrix it is to have.
"""

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import ketgrad as kg
from dense_channels import controlled_on, word_matrix
from dense_reference import GATES, embed, gate_matrix

TOLERANCE = 1e-12
many = settings(max_examples=60, deadline=None, derandomize=True)
few = settings(max_examples=25, deadline=None, derandomize=True)
angles = st.floats(-7, 7)


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
