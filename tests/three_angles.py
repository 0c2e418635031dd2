"""A circuit of three angles that has closed forms, and the exact methods of its gradient."""

import ketgrad as kg

AUXILIARY = kg.gradients.Hadamard(auxiliary=True)
EXACT = ("best", "backprop", "adjoint", "parameter-shift", "hadamard", AUXILIARY)

W = kg.parameters("w", (3,))
POINT = [0.1, 0.2, 0.3]


def page_circuit():
    """RX(w0, q0) RY(w1, q0) CX(0, 1) RX(w2, q1), for which there are closed forms."""
    return kg.Circuit(2).rx(W[0], 0).ry(W[1], 0).cx(0, 1).rx(W[2], 1)
