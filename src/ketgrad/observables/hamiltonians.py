"""Ready Hamiltonians."""

from __future__ import annotations

from ketgrad.observables.pauli import PauliSum


def h2() -> PauliSum:
    """Return the molecule H₂ in the STO-3G basis, Jordan–Wigner encoded on 4 qubits, at a bond of 1.3228 bohr.

    Energies are in hartree. The Hartree–Fock state |1100⟩ has −1.1173489211, the ground state −1.1361891625.
    Values follow P. J. J. O'Malley et al., Phys. Rev. X 6, 031007 (2016), for the method.

    Examples
    --------
    >>> import ketgrad as kg
    >>> round(float(kg.Circuit(4).x(0).x(1).expectation(kg.hamiltonians.h2())), 6)
    -1.117349
    """
    exchange = 0.04475008406302003
    return PauliSum(
        {
            "I": -0.04207255194743845,
            "Z0": 0.17771358229091716,
            "Z1": 0.17771358229091716,
            "Z2": -0.24274501260941517,
            "Z3": -0.24274501260941517,
            "Z0 Z1": 0.1705975927683681,
            "Z0 Z2": 0.12293330449299383,
            "Z1 Z3": 0.12293330449299383,
            "Z0 Z3": 0.16768338855601386,
            "Z1 Z2": 0.16768338855601386,
            "Z2 Z3": 0.1762766139418187,
            "Y0 X1 X2 Y3": exchange,
            "X0 Y1 Y2 X3": exchange,
            "Y0 Y1 X2 X3": -exchange,
            "X0 X1 Y2 Y3": -exchange,
        }
    )
