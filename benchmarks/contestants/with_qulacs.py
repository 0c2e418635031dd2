"""Qulacs: `ParametricQuantumCircuit.backprop`, one sample after another."""

from __future__ import annotations

from typing import Any

import numpy as np
import qulacs

from benchmarks.contestants.base import Prepared, check_untrained
from benchmarks.recipes import Numbers, Recipe


def prepare(recipe: Recipe, is_gradient: bool) -> Prepared:
    """Build the circuit once; each run sets its parameters."""
    check_untrained(recipe)
    circuit, slots, factors = _circuit(recipe)
    state = qulacs.QuantumState(recipe.num_qubits)
    observable = qulacs.Observable(recipe.num_qubits)
    for value, word in recipe.observable:
        observable.add_operator(value, " ".join(f"{p} {q}" for p, q in word))
    weights, samples = recipe.weights(), recipe.samples()
    vectors = [weights] if samples is None else [np.concatenate([weights, sample]) for sample in samples]

    def run_one(vector: Numbers) -> tuple[float, Numbers]:
        for index, angle in enumerate((factors * vector[slots]).tolist()):
            circuit.set_parameter(index, angle)
        state.set_zero_state()
        circuit.update_quantum_state(state)
        value = float(observable.get_expectation_value(state))
        if not is_gradient:
            return value, np.zeros(0)
        found = np.asarray(circuit.backprop(observable))
        return value, np.bincount(slots, factors * found, minlength=len(vector)).astype(float, copy=False)

    def run() -> Any:
        return [run_one(vector) for vector in vectors]

    def read(output: Any) -> tuple[float, Numbers]:
        value = float(np.mean([value for value, _ in output]))
        gradients = np.array([gradient for _, gradient in output]) / len(output)
        return value, np.concatenate(
            [gradients[:, : recipe.num_weights].sum(axis=0), gradients[:, recipe.num_weights :].reshape(-1)]
        )

    return Prepared(run, read)


def _circuit(recipe: Recipe) -> tuple[Any, Any, Numbers]:
    """Return the circuit, and for each parameter its slot and its factor; Qulacs turns the other way round."""
    circuit = qulacs.ParametricQuantumCircuit(recipe.num_qubits)
    slots, factors = [], []
    for gate in recipe.gates:
        if gate.name in ("h", "cx"):
            (circuit.add_H_gate if gate.name == "h" else circuit.add_CNOT_gate)(*gate.qubits)
            continue
        letter = gate.name[1].upper()
        if gate.slot is None:
            getattr(circuit, f"add_{gate.name.upper()}_gate")(*gate.qubits, -gate.scale)
            continue
        slots.append(gate.slot)
        factors.append(-gate.scale)
        if gate.name == "rzz":
            circuit.add_parametric_multi_Pauli_rotation_gate(list(gate.qubits), [3, 3], 0.0)
        else:
            getattr(circuit, f"add_parametric_R{letter}_gate")(*gate.qubits, 0.0)
    return circuit, np.array(slots, int), np.array(factors)
