"""Circuits of reference_values.json, as functions of their parameters, with the values that the file gives for them."""

import json
import math
from pathlib import Path

import ketgrad as kg

REFERENCE = json.loads((Path(__file__).parent / "differentiate" / "reference_values.json").read_text())
THREAD = REFERENCE["natural_gradient_thread_circuit"]
AFTER_200_STEPS = THREAD["after_200_steps_lr_0.01"]


def thread(**options):
    """Return ⟨Y0⟩ of the circuit of the thread on natural gradient."""
    p = kg.parameters("p", (4,))
    circuit = kg.Circuit(3).ry(math.pi / 4, 0).ry(math.pi / 3, 1).ry(math.pi / 7, 2).rz(p[0], 0).rz(p[1], 1)
    circuit.cx(0, 1).cx(1, 2).ry(p[2], 1).rx(p[3], 2).cx(0, 1).cx(1, 2)
    return kg.function(circuit, kg.expval(kg.Y(0)), **options)
