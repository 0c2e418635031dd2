"""`ketgrad warmup`: compile all kernels ahead, so that no first call waits for them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import product

import numpy as np
from rich.console import Console
from rich.progress import track

from ketgrad.circuit import Circuit
from ketgrad.circuit.gates import GATES
from ketgrad.circuit.parameters import parameters
from ketgrad.circuit_function import function
from ketgrad.cli.options import Commands
from ketgrad.measurements import expval, probs, state
from ketgrad.observables.pauli import PauliSum
from ketgrad.precision import Precision, use_precision
from ketgrad.registry import use_backend
from ketgrad.simulate.availability import check_kernels
from ketgrad.transforms import grad, value_and_grad

KINDS = (
    ("h 0", "ry 0", "rz 1", "u 2", "rx 4", "sx 3"),
    ("rxx 0 4", "single_excitation 3 1", "iswap 2 0", "ryy 4 3"),
    ("double_excitation 0 2 3 4", "h 1"),
    ("crx 0 4", "cu 3 1", "ch 4 0", "cry 2 3"),
    ("x 0", "cx 0 4", "cx 4 3", "swap 1 3", "ccx 4 0 2", "cswap 2 4 0", "ry 1"),
    ("h 0", "rz 0", "p 4", "rzz 0 4", "cp 3 4", "crz 1 0", "cz 2 3", "ccz 0 1 4", "s 1", "t 3"),
)
"""Gates of one kind each, on places in a register: 0, 1 are its first qubits, 2 its middle one, 3, 4 its last ones."""

SIZES = (5, 16)
"""Registers that fit into a processor's cache at once, and those that are worked through piece by piece."""

PRECISIONS: tuple[Precision, ...] = ("double", "single")
WORDS = {"X0": 0.5, "Y1": -0.3, "Z2": 0.7, "Z0 Z1 Z2": -0.2, "X0 Y3": 0.4, "I": 0.1}


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "warmup",
        help="compile the kernels ahead",
        description="Compiles all kernels in both precisions and keeps them, so that no first call waits for them.",
    )
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Compile, and print what was compiled, what was there, how long it took and where it is kept."""
    check_kernels()
    from ketgrad.simulate.kernels.caching import kernel_record

    start = time.perf_counter()
    for circuit in track(list(circuits()), "compiling", console=Console(file=sys.stderr), transient=True):
        warm(circuit)
    seconds, record = time.perf_counter() - start, kernel_record()
    print(f"kernels  {record.compiled} compiled, {record.loaded} loaded from the cache, in {seconds:.1f} s")
    print(f"cache    {', '.join(record.folders) or 'none, for no folder can be written to; set NUMBA_CACHE_DIR'}")
    return 0


def circuits() -> Iterator[Circuit]:
    """Yield circuits that together reach every kernel: each kind of gate alone, all together, and wide gates."""
    for size in SIZES:
        for gates in (*KINDS, sum(KINDS, ())):
            yield _listed(size, gates)
        yield _wide(size)


def warm(circuit: Circuit) -> None:
    """Compute values and gradients, of one set of angles and of a batch, in both precisions."""
    energy = function(circuit, expval(PauliSum(WORDS)), engine="compiled")
    amplitudes = function(circuit, state(), engine="compiled")
    marginal = function(circuit, probs([0]), engine="compiled")
    start = np.eye(1, 1 << circuit.num_qubits)[0]
    for precision, batch in product(PRECISIONS, (1, 3)):
        with use_precision(precision), use_backend("numpy") as backend:
            angles = backend.array(np.full((batch, 1), 0.3))
            value_and_grad(lambda theta: energy(theta, initial_state=start).sum())(angles)
            amplitudes(angles)
            grad(lambda theta: marginal(theta)[..., 0].sum())(angles)


def _places(size: int) -> tuple[int, ...]:
    return 0, 1, size // 2, size - 2, size - 1


def _listed(size: int, gates: tuple[str, ...]) -> Circuit:
    theta, circuit = parameters("theta", (1,)), Circuit(size)
    for gate in gates:
        name, *where = gate.split()
        circuit.append(name, [theta[0]] * GATES[name].num_parameters, [_places(size)[int(place)] for place in where])
    return circuit


def _wide(size: int) -> Circuit:
    """Return Pauli rotations, matrices on two and three qubits, and a rotation under several controls."""
    theta, circuit, places = parameters("theta", (1,)), Circuit(size), _places(size)
    for word in ("XYZXZ", "ZZZZZ"):
        circuit.pauli_rotation(theta[0], word, places)
    for count in (2, 3):
        circuit.unitary(np.roll(np.eye(1 << count), 1, axis=0), places[::2][:count])
    return circuit.controlled(Circuit(1).ry(theta[0], 0), places[1:4], [places[4]])
