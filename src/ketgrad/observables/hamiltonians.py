"""Ready Hamiltonians."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ketgrad.checks import check_integer, check_sequence
from ketgrad.circuit.checks import count_noun
from ketgrad.circuit.parameters import is_symbolic
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.observables.hamiltonian_file import load as load
from ketgrad.observables.hamiltonian_file import save as save
from ketgrad.observables.pauli import PauliSum
from ketgrad.registry import get_backend


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


def transverse_field_ising(num_qubits: int, j: Any = 1.0, h: Any = 1.0, periodic: bool = False) -> PauliSum:
    """Return the Ising chain in a transverse field, H = −j Σ Z_q Z_{q+1} − h Σ X_q.

    A positive j is ferromagnetic. The chain without ends, in units where j = 1, is critical at h = 1.
    From P. Pfeuty, Ann. Phys. 57, 79 (1970), with Pauli matrices instead of spins, and x and z exchanged.

    Parameters
    ----------
    num_qubits
        How many sites, at least one.
    j, h
        Coupling and field: real numbers, or 0-d arrays of the backend, to whose graph the sum stays connected.
    periodic
        Whether a bond joins the last site to the first, which takes 3 sites: a ring of 2 would have one bond twice.

    Returns
    -------
    PauliSum
        With one word for each bond and each site; those whose coefficient is the number 0 are left out.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For a chain without sites, a ring of fewer than 3, and a coefficient that is no finite real number.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.hamiltonians.transverse_field_ising(2, h=0.5)
    PauliSum({'Z0 Z1': -1.0, 'X0': -0.5, 'X1': -0.5})
    """
    bonds = _bonds(num_qubits, periodic, "transverse_field_ising")
    coupling = -_real(j, "transverse_field_ising got a j that")
    field = -_real(h, "transverse_field_ising got an h that")
    pairs = [(((a, "Z"), (b, "Z")), coupling) for a, b in bonds]
    return PauliSum.from_words([*pairs, *((((site, "X"),), field) for site in range(num_qubits))])


def heisenberg(num_qubits: int, j: Any = 1.0, h: Any = 0.0, periodic: bool = False) -> PauliSum:
    """Return the Heisenberg chain, H = Σ (jx X_q X_{q+1} + jy Y_q Y_{q+1} + jz Z_q Z_{q+1}) + h Σ Z_q.

    A positive j is antiferromagnetic, as in PennyLane's `qml.spin.heisenberg`, and a positive h favours |1…1⟩. The
    operators are Pauli matrices, σ = 2S: where the literature has J S·S, j is J/4. The model is W. Heisenberg's,
    Z. Phys. 49, 619 (1928).

    Parameters
    ----------
    num_qubits
        How many sites, at least one.
    j
        The coupling, or a list of three of them, (jx, jy, jz): XXZ and XYZ chains. Each is a real number or a 0-d
        array of the backend, to whose graph the sum stays connected.
    h
        The field along z, in the same way.
    periodic
        Whether a bond joins the last site to the first, which takes 3 sites: a ring of 2 would have one bond twice.

    Returns
    -------
    PauliSum
        With three words for each bond and one for each site; those whose coefficient is the number 0 are left out.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For a chain without sites, a ring of fewer than 3, not 1 or 3 couplings, and a coefficient that is no finite
        real number.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.hamiltonians.heisenberg(2, j=(1.0, 1.0, 0.5), h=0.1)
    PauliSum({'X0 X1': 1.0, 'Y0 Y1': 1.0, 'Z0 Z1': 0.5, 'Z0': 0.1, 'Z1': 0.1})
    """
    bonds = _bonds(num_qubits, periodic, "heisenberg")
    couplings = _three_couplings(j)
    field = _real(h, "heisenberg got an h that")
    pairs = [
        (((a, letter), (b, letter)), value) for a, b in bonds for letter, value in zip("XYZ", couplings, strict=True)
    ]
    return PauliSum.from_words([*pairs, *((((site, "Z"),), field) for site in range(num_qubits))])


def maxcut(edges: Iterable[Sequence[int]], weights: Any = None) -> PauliSum:
    """Return the cost of a cut, H = Σ w_ab/2 (Z_a Z_b − 1), whose ground energy is minus the maximum cut.

    A bitstring puts each vertex on one of two sides, and its energy is minus the weight of the edges between them.
    The formula is that of E. Farhi, J. Goldstone, S. Gutmann, arXiv:1411.4028 (2014), with the opposite sign.

    Parameters
    ----------
    edges
        Pairs of vertices, which are the qubits: integers from 0. Each edge comes once, in either direction.
    weights
        One for each edge: a list of real numbers and 0-d arrays, or an array of shape (edges,); by default 1.

    Returns
    -------
    PauliSum
        With one word for each edge, and the identity.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        For no edges, an edge that is no pair of different vertices or comes twice, a vertex that is no integer or
        negative, and another number of weights.

    Examples
    --------
    >>> import ketgrad as kg
    >>> kg.hamiltonians.maxcut([(0, 1), (1, 2)], weights=[1.0, 3.0])
    PauliSum({'Z0 Z1': 0.5, 'I': -2.0, 'Z1 Z2': 1.5})
    """
    pairs = [_edge(edge) for edge in check_sequence(edges, "maxcut")]
    if not pairs:
        raise InvalidValueError("maxcut got no edges; give at least one pair of vertices, such as (0, 1)")
    seen: set[tuple[int, int]] = set()
    for pair in pairs:
        if pair in seen:
            raise InvalidValueError(f"maxcut got the edge {pair} twice; give it once, with the sum of the weights")
        seen.add(pair)
    halves = [0.5 * weight for weight in _weights(weights, len(pairs))]
    return PauliSum.from_words(
        term for (a, b), half in zip(pairs, halves, strict=True) for term in ((((a, "Z"), (b, "Z")), half), ((), -half))
    )


def _bonds(num_qubits: int, periodic: bool, what: str) -> list[tuple[int, int]]:
    """Return the neighbours of a chain, or of a ring, as pairs in ascending order."""
    size = check_integer(num_qubits, f"{what} got a number of qubits that")
    if size < 1:
        raise InvalidValueError(f"{what} got {size} qubits; give at least one")
    if not isinstance(periodic, bool):
        raise InvalidTypeError(f"{what} got periodic={periodic!r}; give True or False")
    if periodic and size < 3:
        raise InvalidValueError(
            f"{what} got periodic=True for {size} qubit{'s' * (size > 1)}, but a ring has at least 3; leave it out"
        )
    return [(site, site + 1) for site in range(size - 1)] + [(0, size - 1)] * periodic


def _three_couplings(j: Any) -> list[Any]:
    is_single = not isinstance(j, list | tuple) and len(getattr(j, "shape", ())) == 0
    values = [j] * 3 if is_single else _elements(j, "the couplings of heisenberg")
    if len(values) != 3:
        raise InvalidValueError(f"heisenberg got {len(values)} couplings; give one number, or three, (jx, jy, jz)")
    return [_real(value, "heisenberg got a j that") for value in values]


def _edge(edge: Any) -> tuple[int, int]:
    ends = [
        check_integer(vertex, "maxcut got a vertex that") for vertex in check_sequence(edge, "maxcut, for an edge,")
    ]
    if len(ends) != 2 or ends[0] == ends[1] or min(ends) < 0:
        raise InvalidValueError(
            f"maxcut got the edge {tuple(ends)}; give a pair of different vertices, counted from 0, such as (0, 1)"
        )
    return min(ends), max(ends)


def _weights(weights: Any, num_edges: int) -> list[Any]:
    if weights is None:
        return [1.0] * num_edges
    values = _elements(weights, "the weights of maxcut")
    if len(values) != num_edges:
        raise InvalidValueError(
            f"maxcut got {count_noun(len(values), 'weight')} for {count_noun(num_edges, 'edge')}; give one for each"
        )
    return [_real(weight, "maxcut got a weight that") for weight in values]


def _elements(values: Any, what: str) -> list[Any]:
    """Return the elements of a list or of an array of one axis, without leaving the graph."""
    shape = getattr(values, "shape", None)
    if shape is None:
        return list(check_sequence(values, what))
    if len(shape) != 1:
        raise InvalidValueError(f"{what} have the shape {tuple(shape)}; give a list or an array of one axis")
    if hasattr(values, "__getitem__"):
        return [values[place] for place in range(shape[0])]
    return [get_backend().take(values, place, axis=0) for place in range(shape[0])]


def _real(value: Any, what: str) -> Any:
    """Return a real number as a float and a real 0-d array as it is; refuse all else."""
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        return _finite(value, what)
    shape = getattr(value, "shape", None)
    is_unreal = any(kind in str(getattr(value, "dtype", "")) for kind in ("bool", "complex", "object", "U"))
    if shape is None or len(shape) or is_unreal or is_symbolic(value):
        given = f"an array of shape {tuple(shape)}" if shape else repr(value)
        raise InvalidTypeError(f"{what} is {given}; give a real number or a 0-d array of the backend")
    return value


def _finite(value: Any, what: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise InvalidValueError(f"{what} is beyond all floats; give a smaller number") from None
    if not math.isfinite(number):
        raise InvalidValueError(f"{what} is {number}; give a finite number")
    return number
