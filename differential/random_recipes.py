"""Random recipes of several sets of steps; one seed always gives the same recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from differential.qiskit_gates import COUNTERPARTS
from differential.random_matrices import haar_unitary, kraus_operators
from differential.recipes import (
    Channel,
    Compose,
    Controlled,
    Gate,
    Inverse,
    Kraus,
    Power,
    Qubits,
    Recipe,
    Step,
    Unitary,
)
from differential.textbook_channels import TEXTBOOK

Generator = np.random.Generator

LARGEST_CIRCUIT = 6
LARGEST_BLOCK = 3
DEEPEST_NESTING = 2

CLIFFORD = ["id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap", "iswap", "iswapdg"]
FIXED = [name for name, gate in COUNTERPARTS.items() if not gate.num_parameters]
PARAMETERISED = [name for name, gate in COUNTERPARTS.items() if gate.num_parameters]


@dataclass(frozen=True)
class StepSet:
    """What the steps of a recipe are drawn from: named gates, and kinds of other steps with their shares."""

    gates: Sequence[str]
    shares: Mapping[str, float]


STEP_SETS = {
    "clifford": StepSet(CLIFFORD, {"gate": 1.0}),
    "fixed": StepSet(FIXED, {"gate": 1.0}),
    "parameterised": StepSet(PARAMETERISED, {"gate": 1.0}),
    "everything": StepSet([*COUNTERPARTS], {"gate": 0.5, "unitary": 0.15, "controlled": 0.15, "nested": 0.2}),
    "noise": StepSet([*COUNTERPARTS], {"gate": 0.4, "unitary": 0.1, "controlled": 0.05, "channel": 0.35, "kraus": 0.1}),
    "named": StepSet([*COUNTERPARTS], {"gate": 1.0}),
}


def seed_of(step_set: str, number: int) -> tuple[int, int]:
    """Return the seed of a recipe for NumPy's default_rng."""
    return [*STEP_SETS].index(step_set), number


def random_recipe(rng: Generator, step_set: str) -> Recipe:
    """Return a recipe of 5 to 40 steps on 1 to 6 qubits."""
    num_qubits = int(rng.integers(1, LARGEST_CIRCUIT + 1))
    return _steps(rng, STEP_SETS[step_set], num_qubits, int(rng.integers(5, 41)), DEEPEST_NESTING)


def random_subset(rng: Generator, num_qubits: int, largest: int) -> Qubits:
    """Return 1 to `largest` different qubits in any order."""
    return _qubits(rng, num_qubits, int(rng.integers(1, min(largest, num_qubits) + 1)))


def _steps(rng: Generator, chosen: StepSet, num_qubits: int, count: int, nesting: int) -> Recipe:
    return Recipe(num_qubits, tuple(_step(rng, chosen, num_qubits, nesting) for _ in range(count)))


def _step(rng: Generator, chosen: StepSet, num_qubits: int, nesting: int) -> Step:
    kind = str(rng.choice([*chosen.shares], p=[*chosen.shares.values()]))
    needs_nesting = kind in ("nested", "controlled")
    if (kind == "controlled" and num_qubits == 1) or (needs_nesting and not nesting):
        kind = "gate"
    return _KINDS[kind](rng, chosen, num_qubits, nesting)


def _gate(rng: Generator, chosen: StepSet, num_qubits: int, nesting: int) -> Step:
    name = str(rng.choice([name for name in chosen.gates if COUNTERPARTS[name].num_qubits <= num_qubits]))
    gate = COUNTERPARTS[name]
    return Gate(name, _angles(rng, gate.num_parameters), _qubits(rng, num_qubits, gate.num_qubits))


def _unitary(rng: Generator, chosen: StepSet, num_qubits: int, nesting: int) -> Step:
    qubits = random_subset(rng, num_qubits, LARGEST_BLOCK)
    return Unitary(haar_unitary(rng, len(qubits)), qubits)


def _controlled(rng: Generator, chosen: StepSet, num_qubits: int, nesting: int) -> Step:
    size = int(rng.integers(1, min(LARGEST_BLOCK, num_qubits - 1) + 1))
    taken = random_subset(rng, num_qubits - size, 3)
    qubits = _qubits(rng, num_qubits, size + len(taken))
    on = "".join(map(str, rng.integers(0, 2, len(taken))))
    inner = _block(rng, chosen, size, nesting)
    return Controlled(inner, qubits[size:], on, qubits[:size])


def _nested(rng: Generator, chosen: StepSet, num_qubits: int, nesting: int) -> Step:
    qubits = random_subset(rng, num_qubits, LARGEST_BLOCK)
    inner = _block(rng, chosen, len(qubits), nesting)
    kind = rng.integers(3)
    if kind == 0:
        return Compose(inner, qubits)
    return Inverse(inner, qubits) if kind == 1 else Power(inner, int(rng.integers(-3, 4)), qubits)


def _block(rng: Generator, chosen: StepSet, num_qubits: int, nesting: int) -> Recipe:
    """Return a few steps without noise, which has neither a controlled form nor an inverse."""
    shares = {kind: share for kind, share in chosen.shares.items() if kind not in ("channel", "kraus")}
    total = sum(shares.values())
    coherent = StepSet(chosen.gates, {kind: share / total for kind, share in shares.items()})
    return _steps(rng, coherent, num_qubits, int(rng.integers(1, 5)), nesting - 1)


def _channel(rng: Generator, chosen: StepSet, num_qubits: int, nesting: int) -> Step:
    name = str(rng.choice([name for name, channel in TEXTBOOK.items() if channel.num_qubits <= num_qubits]))
    return Channel(name, TEXTBOOK[name].draw(rng), _qubits(rng, num_qubits, TEXTBOOK[name].num_qubits))


def _kraus(rng: Generator, chosen: StepSet, num_qubits: int, nesting: int) -> Step:
    qubits = random_subset(rng, num_qubits, 2)
    return Kraus(kraus_operators(rng, len(qubits), int(rng.integers(1, 5))), qubits)


def _qubits(rng: Generator, num_qubits: int, count: int) -> Qubits:
    return tuple(map(int, rng.permutation(num_qubits)[:count]))


def _angles(rng: Generator, count: int) -> tuple[float, ...]:
    """Return angles of either sign, beyond a full turn, every fifth a multiple of π/4."""
    anywhere, special = rng.uniform(-4 * np.pi, 4 * np.pi, count), rng.integers(-16, 17, count) * np.pi / 4
    return tuple(np.where(rng.random(count) < 0.2, special, anywhere).tolist())


_KINDS: dict[str, Callable[[Generator, StepSet, int, int], Step]] = {
    "gate": _gate,
    "unitary": _unitary,
    "controlled": _controlled,
    "nested": _nested,
    "channel": _channel,
    "kraus": _kraus,
}
