"""Programs in OpenQASM 2 drawn at random, with every branch of their measurements followed beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import bits_of, embed, gate_matrix, index_of

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3]; creg a[2]; creg b[1];\n'
BITS = ("a[0]", "a[1]", "b[0]")
REGISTERS = {"a": (0, 1), "b": (2,)}
GATES = (("h", (), 1), ("t", (), 1), ("sx", (), 1), ("ry", (0.7,), 1), ("cx", (), 2), ("crz", (1.1,), 2))


class Branch(NamedTuple):
    """One course of a program: its state, not normalized, and its classical bits."""

    state: Any
    bits: tuple[int, ...]


Step: TypeAlias = Callable[[Branch], list[Branch]]


def applied(matrix: Any, qubits: Sequence[int], branch: Branch) -> Branch:
    return Branch(embed(matrix, qubits, 3) @ branch.state, branch.bits)


def measure(rng: Any) -> tuple[str, Step]:
    qubit, bit = int(rng.integers(3)), int(rng.integers(3))

    def step(branch: Branch) -> list[Branch]:
        halves = [applied(np.diag([1 - value, value]), [qubit], branch) for value in (0, 1)]
        before, after = branch.bits[:bit], branch.bits[bit + 1 :]
        return [Branch(half.state, (*before, value, *after)) for value, half in enumerate(halves)]

    return f"measure q[{qubit}] -> {BITS[bit]};", step


def reset(rng: Any) -> tuple[str, Step]:
    qubit = int(rng.integers(3))

    def step(branch: Branch) -> list[Branch]:
        return [applied(kraus, [qubit], branch) for kraus in ([[1, 0], [0, 0]], [[0, 1], [0, 0]])]

    return f"reset q[{qubit}];", step


def gate(rng: Any) -> tuple[str, Step]:
    name, angles, size = GATES[int(rng.integers(len(GATES)))]
    qubits = rng.permutation(3)[:size].tolist()
    call = name + (f"({angles[0]})" if angles else "")
    text = f"{call} {', '.join(f'q[{qubit}]' for qubit in qubits)};"
    return text, lambda branch: [applied(gate_matrix(name, angles), qubits, branch)]


def conditioned(rng: Any) -> tuple[str, Step]:
    register = "aab"[int(rng.integers(3))]
    places = REGISTERS[register]
    wanted = int(rng.integers(2 ** len(places)))
    text, step = gate(rng)

    def step_if(branch: Branch) -> list[Branch]:
        value = sum(branch.bits[place] * 2**power for power, place in enumerate(places))
        return step(branch) if value == wanted else [branch]

    return f"if({register}=={wanted}) {text}", step_if


def random_program(seed: int) -> tuple[str, list[Branch]]:
    rng = np.random.default_rng((2, seed))
    kinds = [gate] * 8 + [conditioned] * 7 + [measure] * 4 + [reset] * 2
    order = rng.permutation(len(kinds)).tolist()
    text, branches = HEAD, [Branch(np.eye(8)[0], (0, 0, 0))]
    for kind in [*[gate] * 5, *(kinds[place] for place in order), measure]:
        statement, step = kind(rng)
        text += statement + "\n"
        branches = [after for branch in branches for after in step(branch)]
    return text, branches


def probabilities(branches: Sequence[Branch], bits: Sequence[int]) -> Any:
    result = np.zeros(2 ** len(bits))
    for branch in branches:
        result[index_of(branch.bits[bit] for bit in bits)] += np.linalg.norm(branch.state) ** 2
    return result


@pytest.mark.parametrize("seed", range(40))
def test_a_random_program_leaves_the_mixture_of_its_branches(seed: int) -> None:
    text, branches = random_program(seed)
    expected = sum(np.outer(branch.state, branch.state.conj()) for branch in branches)
    np.testing.assert_allclose(kg.Circuit.from_qasm(text).density_matrix(), expected, rtol=0, atol=1e-12, err_msg=text)


@pytest.mark.parametrize("seed", range(40))
def test_the_bits_of_a_random_program_are_those_of_its_branches(seed: int) -> None:
    text, branches = random_program(seed)
    written = [bit for bit, name in enumerate(BITS) if f"-> {name};" in text]
    expected = probabilities(branches, written)
    actual = kg.Circuit.from_qasm(text).probabilities(bits=written)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12, err_msg=text)


@pytest.mark.parametrize("seed", range(40))
def test_the_counts_of_a_random_program_are_outcomes_of_its_branches(seed: int) -> None:
    text, branches = random_program(seed)
    possible = {
        f"{bits[2]} {bits[1]}{bits[0]}"
        for index, probability in enumerate(probabilities(branches, [0, 1, 2]))
        if probability > 1e-12
        for bits in [bits_of(index, 3)]
    }
    assert set(kg.Circuit.from_qasm(text).counts(50, seed=seed)) <= possible
