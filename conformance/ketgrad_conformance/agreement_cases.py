"""The fixed circuits, seeds and gradients by which backends are compared with one another."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

import ketgrad as kg
from ketgrad.protocol import Array, ArrayBackend, Capability
from ketgrad_conformance.oracle_circuits import GATES

QUBITS = 4
LENGTH = 30
OBSERVABLE = {"I": 0.3, "Z0 Z2": 1.0, "X1 Y3": -0.7, "Y0 X2 Z3": 1.3, "X0 X1 X2 X3": 0.2}
HEISENBERG = {f"{p}{q} {p}{q + 1}": 1.0 for p in "XYZ" for q in range(QUBITS - 1)}

Circuit = Callable[[ArrayBackend, Array], kg.Circuit]


@dataclass(frozen=True)
class Case:
    """A computation, and the capabilities it needs."""

    compute: Callable[[ArrayBackend], Any]
    requires: frozenset[Capability] = frozenset()


def random_circuit(seed: int) -> tuple[Circuit, list[float]]:
    """Return a circuit of gates of all kinds as a function of its angles, and angles for it."""
    # Only `random()` is promised to stay the same from one Python to the next.
    numbers = random.Random(seed)
    steps: list[tuple[str, slice, list[int]]] = []
    count = 0
    for _ in range(LENGTH):
        name = list(GATES)[int(numbers.random() * len(GATES))]
        size = len(signature(GATES[name]).parameters)
        width = len(GATES[name](*[0.0] * size)).bit_length() - 1
        order = sorted(range(QUBITS), key=lambda _: numbers.random())
        steps.append((name, slice(count, count + size), order[:width]))
        count += size

    def build(backend: ArrayBackend, angles: Array) -> kg.Circuit:
        elements = [backend.take(angles, index, axis=0) for index in range(count)]
        circuit = kg.Circuit(QUBITS)
        for qubit in range(QUBITS):
            circuit.h(qubit)
        for name, places, qubits in steps:
            circuit.append(name, elements[places], qubits)
        return circuit

    return build, [6.0 * numbers.random() - 3.0 for _ in range(count)]


def ansatz(backend: ArrayBackend, angles: Array) -> kg.Circuit:
    """Return a layer of RY and RZ on every qubit, a ring of CX, and another layer of RY."""
    elements = [backend.take(angles, index, axis=0) for index in range(3 * QUBITS)]
    circuit = kg.Circuit(QUBITS)
    for qubit in range(QUBITS):
        circuit.ry(elements[qubit], qubit).rz(elements[QUBITS + qubit], qubit)
    for qubit in range(QUBITS):
        circuit.cx(qubit, (qubit + 1) % QUBITS)
    for qubit in range(QUBITS):
        circuit.ry(elements[2 * QUBITS + qubit], qubit)
    return circuit


ANSATZ_ANGLES = [0.1 + 0.37 * index for index in range(3 * QUBITS)]
ANSATZ_BATCH = [[angle + shift for angle in ANSATZ_ANGLES] for shift in (0.0, 0.5, -1.1)]


def ansatz_energy(backend: ArrayBackend) -> Callable[[Array], Array]:
    """Return the energy of a Heisenberg chain as a function of the angles."""
    return lambda angles: ansatz(backend, angles).expectation(kg.PauliSum(HEISENBERG))


def random_circuit_results(seed: int) -> Callable[[ArrayBackend], Mapping[str, Any]]:
    """Return what computes everything that can be asked of a random circuit."""
    build, angles = random_circuit(seed)

    def compute(backend: ArrayBackend) -> Mapping[str, Any]:
        circuit = build(backend, backend.asarray(angles))
        return {
            "state": circuit.state(),
            "probabilities": circuit.probabilities([2, 0, 3]),
            "expectation": circuit.expectation(kg.PauliSum(OBSERVABLE)),
            "variance": circuit.variance(kg.PauliSum(OBSERVABLE)),
            "samples": circuit.sample(50, seed=seed),
            "counts": [circuit.counts(1000, seed=seed).get(format(k, f"0{QUBITS}b"), 0) for k in range(1 << QUBITS)],
        }

    return compute


def random_circuit_gradient(seed: int) -> Callable[[ArrayBackend], Any]:
    """Return what differentiates the expectation of a random circuit by all its angles."""
    build, angles = random_circuit(seed)

    def compute(backend: ArrayBackend) -> Any:
        def energy(vector: Array) -> Array:
            return build(backend, vector).expectation(kg.PauliSum(OBSERVABLE))

        return kg.value_and_grad(energy, fallback="error")(backend.asarray(angles))

    return compute


def random_numbers(backend: ArrayBackend) -> Any:
    """Draw from a key and from the keys it splits into."""
    keys = backend.random_split(backend.random_key(2024), 2)
    return [backend.random_uniform(keys[0], (3, 2)), backend.random_normal(keys[1], (5,))]


def complex_gradient(backend: ArrayBackend) -> Any:
    """Differentiate a real function of a complex vector."""
    leaf = backend.asarray([0.3 + 0.4j, -1.2 + 0.5j])
    return kg.value_and_grad(lambda z: backend.sum(backend.abs(backend.exp(z) + z * z)), fallback="error")(leaf)


def _of_ansatz(transform: Callable[[Any], Any], angles: Any) -> Callable[[ArrayBackend], Any]:
    return lambda backend: transform(ansatz_energy(backend))(backend.asarray(angles))


def _gradient(function: Any) -> Any:
    return kg.grad(function, fallback="error")


def _needs(*names: Capability) -> frozenset[Capability]:
    return frozenset(names)


CASES: dict[str, Case] = {
    **{f"random circuit {seed}": Case(random_circuit_results(seed)) for seed in range(5)},
    **{
        f"gradient of random circuit {seed}": Case(random_circuit_gradient(seed), _needs(Capability.AUTODIFF))
        for seed in range(5)
    },
    "random numbers": Case(random_numbers),
    "complex gradient": Case(complex_gradient, _needs(Capability.AUTODIFF, Capability.COMPLEX_AUTODIFF)),
    "energies mapped": Case(_of_ansatz(kg.vmap, ANSATZ_BATCH), _needs(Capability.VMAP)),
    "energy compiled": Case(_of_ansatz(kg.jit, ANSATZ_ANGLES), _needs(Capability.JIT)),
    "Hessian": Case(
        _of_ansatz(lambda f: kg.hessian(f, fallback="error"), ANSATZ_ANGLES),
        _needs(Capability.AUTODIFF, Capability.HIGHER_ORDER),
    ),
    "gradients mapped and compiled": Case(
        _of_ansatz(lambda f: kg.jit(kg.vmap(_gradient(f))), ANSATZ_BATCH),
        _needs(Capability.AUTODIFF, Capability.VMAP, Capability.JIT),
    ),
}
"""What is recorded, by name. Gradients by finite differences are left out: they agree to fewer digits."""
