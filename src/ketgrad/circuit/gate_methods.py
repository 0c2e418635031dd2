"""The gates as methods, parameters first, then qubits; each appends one gate and returns the circuit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

Self = TypeVar("Self", bound="GateMethods")


class GateMethods:
    """One method for each gate of the table; `append` is the circuit's."""

    def append(self: Self, name: str, parameters: Sequence[Any], qubits: Sequence[int]) -> Self:
        raise NotImplementedError

    def id(self: Self, qubit: int) -> Self:
        """Identity."""
        return self.append("id", (), (qubit,))

    def x(self: Self, qubit: int) -> Self:
        """Pauli X, the NOT gate."""
        return self.append("x", (), (qubit,))

    def y(self: Self, qubit: int) -> Self:
        """Pauli Y."""
        return self.append("y", (), (qubit,))

    def z(self: Self, qubit: int) -> Self:
        """Pauli Z."""
        return self.append("z", (), (qubit,))

    def h(self: Self, qubit: int) -> Self:
        """Hadamard gate."""
        return self.append("h", (), (qubit,))

    def s(self: Self, qubit: int) -> Self:
        """Square root of Z, diag(1, i)."""
        return self.append("s", (), (qubit,))

    def sdg(self: Self, qubit: int) -> Self:
        """Inverse of s."""
        return self.append("sdg", (), (qubit,))

    def t(self: Self, qubit: int) -> Self:
        """Fourth root of Z, diag(1, exp(iπ/4))."""
        return self.append("t", (), (qubit,))

    def tdg(self: Self, qubit: int) -> Self:
        """Inverse of t."""
        return self.append("tdg", (), (qubit,))

    def sx(self: Self, qubit: int) -> Self:
        """Square root of X."""
        return self.append("sx", (), (qubit,))

    def sxdg(self: Self, qubit: int) -> Self:
        """Inverse of sx."""
        return self.append("sxdg", (), (qubit,))

    def rx(self: Self, theta: Any, qubit: int) -> Self:
        """exp(−iθX/2)."""
        return self.append("rx", (theta,), (qubit,))

    def ry(self: Self, theta: Any, qubit: int) -> Self:
        """exp(−iθY/2)."""
        return self.append("ry", (theta,), (qubit,))

    def rz(self: Self, theta: Any, qubit: int) -> Self:
        """exp(−iθZ/2)."""
        return self.append("rz", (theta,), (qubit,))

    def p(self: Self, phi: Any, qubit: int) -> Self:
        """Phase gate, diag(1, exp(iφ))."""
        return self.append("p", (phi,), (qubit,))

    def u(self: Self, theta: Any, phi: Any, lam: Any, qubit: int) -> Self:
        """Any one-qubit gate up to a phase: p(φ) · ry(θ) · p(λ)."""
        return self.append("u", (theta, phi, lam), (qubit,))

    def u2(self: Self, phi: Any, lam: Any, qubit: int) -> Self:
        """u(π/2, φ, λ)."""
        return self.append("u2", (phi, lam), (qubit,))

    def cx(self: Self, control: int, target: int) -> Self:
        """X on `target` where `control` is 1."""
        return self.append("cx", (), (control, target))

    def cy(self: Self, control: int, target: int) -> Self:
        """Y on `target` where `control` is 1."""
        return self.append("cy", (), (control, target))

    def cz(self: Self, control: int, target: int) -> Self:
        """Z on `target` where `control` is 1."""
        return self.append("cz", (), (control, target))

    def ch(self: Self, control: int, target: int) -> Self:
        """Hadamard on `target` where `control` is 1."""
        return self.append("ch", (), (control, target))

    def csx(self: Self, control: int, target: int) -> Self:
        """Square root of X on `target` where `control` is 1."""
        return self.append("csx", (), (control, target))

    def csxdg(self: Self, control: int, target: int) -> Self:
        """Inverse of csx."""
        return self.append("csxdg", (), (control, target))

    def cp(self: Self, phi: Any, control: int, target: int) -> Self:
        """diag(1, 1, 1, exp(iφ))."""
        return self.append("cp", (phi,), (control, target))

    def crx(self: Self, theta: Any, control: int, target: int) -> Self:
        """rx(θ) on `target` where `control` is 1."""
        return self.append("crx", (theta,), (control, target))

    def cry(self: Self, theta: Any, control: int, target: int) -> Self:
        """ry(θ) on `target` where `control` is 1."""
        return self.append("cry", (theta,), (control, target))

    def crz(self: Self, theta: Any, control: int, target: int) -> Self:
        """rz(θ) on `target` where `control` is 1."""
        return self.append("crz", (theta,), (control, target))

    def cu(self: Self, theta: Any, phi: Any, lam: Any, gamma: Any, control: int, target: int) -> Self:
        """exp(iγ) · u(θ, φ, λ) on `target` where `control` is 1."""
        return self.append("cu", (theta, phi, lam, gamma), (control, target))

    def swap(self: Self, first: int, second: int) -> Self:
        """Exchange two qubits."""
        return self.append("swap", (), (first, second))

    def iswap(self: Self, first: int, second: int) -> Self:
        """Exchange two qubits, with a factor i where they differ."""
        return self.append("iswap", (), (first, second))

    def iswapdg(self: Self, first: int, second: int) -> Self:
        """Inverse of iswap."""
        return self.append("iswapdg", (), (first, second))

    def rxx(self: Self, theta: Any, first: int, second: int) -> Self:
        """exp(−iθXX/2)."""
        return self.append("rxx", (theta,), (first, second))

    def ryy(self: Self, theta: Any, first: int, second: int) -> Self:
        """exp(−iθYY/2)."""
        return self.append("ryy", (theta,), (first, second))

    def rzz(self: Self, theta: Any, first: int, second: int) -> Self:
        """exp(−iθZZ/2)."""
        return self.append("rzz", (theta,), (first, second))

    def rzx(self: Self, theta: Any, first: int, second: int) -> Self:
        """exp(−iθZX/2)."""
        return self.append("rzx", (theta,), (first, second))

    def single_excitation(self: Self, theta: Any, first: int, second: int) -> Self:
        """Rotation by θ/2 from |01⟩ to |10⟩; all else stays."""
        return self.append("single_excitation", (theta,), (first, second))

    def double_excitation(self: Self, theta: Any, first: int, second: int, third: int, fourth: int) -> Self:
        """Rotation by θ/2 from |0011⟩ to |1100⟩; all else stays."""
        return self.append("double_excitation", (theta,), (first, second, third, fourth))

    def ccx(self: Self, control1: int, control2: int, target: int) -> Self:
        """X on `target` where both controls are 1 (Toffoli)."""
        return self.append("ccx", (), (control1, control2, target))

    def ccz(self: Self, control1: int, control2: int, target: int) -> Self:
        """Z on `target` where both controls are 1."""
        return self.append("ccz", (), (control1, control2, target))

    def cswap(self: Self, control: int, first: int, second: int) -> Self:
        """Exchange two qubits where `control` is 1 (Fredkin)."""
        return self.append("cswap", (), (control, first, second))

    cnot, toffoli, fredkin, cphase = cx, ccx, cswap, cp
    u1, u3, phase = p, u, p
