"""What a circuit is: the gate table, operations, and the circuit itself."""

from ketgrad.circuit.circuit import Circuit

__all__ = ["Circuit"]
