"""Reads OpenQASM 2.0 (arXiv:1707.03429) into plain data, safely from untrusted text."""

from __future__ import annotations

from ketgrad.interchange.errors import QasmError
from ketgrad.interchange.openqasm2.limits import Limits
from ketgrad.interchange.openqasm2.program import Instruction, Measurement, Program, Register, Reset
from ketgrad.interchange.openqasm2.reader import read

__all__ = ["Instruction", "Limits", "Measurement", "Program", "QasmError", "Register", "Reset", "read"]
