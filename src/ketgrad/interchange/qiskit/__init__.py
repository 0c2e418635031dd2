"""Circuits for Qiskit, which is imported when it is needed and not before."""

from ketgrad.interchange.qiskit.writer import to_qiskit

__all__ = ["to_qiskit"]
