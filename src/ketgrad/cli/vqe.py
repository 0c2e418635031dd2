"""`ketgrad vqe`: find a ground-state energy with the variational quantum eigensolver.

The energy ⟨ψ(θ)|H|ψ(θ)⟩ of a circuit with parameters θ is lowered by an optimizer.
Reference: A. Peruzzo et al., "A variational eigenvalue solver on a photonic quantum processor", Nat. Commun. 5, 4213
(2014).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from ketgrad.circuit_function import CircuitFunction, function
from ketgrad.cli import vqe_report
from ketgrad.cli.options import Commands, add_backend, chosen_backend, positive_integer, positive_number
from ketgrad.cli.vqe_choices import ANSATZES, OPTIMIZERS, ansatz, chosen_optimizer, start
from ketgrad.engine import Engine, use_engine
from ketgrad.errors import InvalidValueError
from ketgrad.measurements import expval
from ketgrad.observables import hamiltonians
from ketgrad.observables.pauli import PauliSum
from ketgrad.optimize.result import NotFiniteError, Result
from ketgrad.protocol import ArrayBackend

DENSE = 10
"""Qubits up to which the exact energy, by dense linear algebra, takes no time."""
SMALL = 6
"""Qubits up to which nobody should wait until the kernels of the compiled engine are there."""
LARGEST = 40
"""Qubits beyond which nobody has the memory; up to there the refusal names what is needed."""
PROBLEMS = {"h2": hamiltonians.h2}


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("vqe", help="find a ground-state energy")
    parser.add_argument("problem", nargs="?", choices=tuple(PROBLEMS), help="h2: molecular hydrogen on 4 qubits")
    parser.add_argument(
        "--hamiltonian", type=Path, metavar="FILE", help='JSON, such as {"terms": {"Z0 Z1": -1.0, "X0": -0.5}}'
    )
    parser.add_argument(
        "--ansatz",
        choices=tuple(ANSATZES),
        metavar="NAME",
        help=f"{', '.join(ANSATZES)}; default: the first for h2, else the second",
    )
    parser.add_argument("--layers", type=positive_integer, default=2, metavar="N", help="of the ansatz; default: 2")
    rates = ", ".join(name + (f" ({rate:g})" if rate else "") for name, (_, rate) in OPTIMIZERS.items())
    parser.add_argument(
        "--optimizer",
        choices=tuple(OPTIMIZERS),
        default="gradient-descent",
        metavar="NAME",
        help=f"{rates}, with their learning rates; default: gradient-descent",
    )
    parser.add_argument("--learning-rate", type=positive_number, metavar="X", help="default: see above")
    parser.add_argument("--steps", type=positive_integer, default=40, metavar="N", help="default: 40")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the angles at the start, and of spsa; default: 0"
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep parameters and history, e.g. run.npz")
    parser.add_argument("--resume", action="store_true", help="go on from the file of --save, up to --steps in all")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="save the training curve, e.g. curve.png")
    add_backend(parser)
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Train, print the energies, and save the curve if asked to."""
    hamiltonian = _hamiltonian(arguments)
    name = arguments.ansatz or ("double-excitation" if arguments.problem == "h2" else "hardware-efficient")
    if arguments.plot:
        vqe_report.check_plot(arguments.plot)
    _check_saved(arguments)
    energy = function(ansatz(name, hamiltonian, arguments.layers), expval(hamiltonian))
    engine: Engine = "traced" if energy.num_qubits <= SMALL else "auto"
    with chosen_backend(arguments) as backend, use_engine(engine):
        exact = exact_energy(backend, hamiltonian)
        result = train(arguments, energy)
    console, title, unit = Console(), _title(arguments), "Ha" if arguments.problem else ""
    console.print(vqe_report.table(title, result.history, exact))
    console.print(vqe_report.summary(result.value, exact, unit), markup=False)
    if arguments.plot:
        vqe_report.plot(title, result.history, exact, unit, arguments.plot)
    for label, file in (("saved", arguments.save), ("curve", arguments.plot)):
        if file:
            console.print(f"{label:<8}{file}", markup=False, soft_wrap=True)
    return 0


def train(arguments: argparse.Namespace, energy: CircuitFunction) -> Result:
    """Lower the energy by the optimizer of the command line, in the backend in force."""
    optimizer = chosen_optimizer(arguments.optimizer, arguments.learning_rate, arguments.seed)
    try:
        return optimizer.minimize(
            energy,
            start(energy, arguments.seed),
            steps=arguments.steps,
            progress=True,
            checkpoint=arguments.save,
            resume=arguments.resume,
        )
    except NotFiniteError as error:
        kept = (
            f"the last good ones are in {arguments.save}"
            if arguments.save and arguments.save.exists()
            else "--save FILE keeps the last good ones"
        )
        raise InvalidValueError(f"{error.what.partition(';')[0]}; {kept}; try a smaller --learning-rate") from error


def exact_energy(backend: ArrayBackend, hamiltonian: PauliSum) -> float | None:
    """Return the smallest eigenvalue of a Hamiltonian, or None where that would take long."""
    if hamiltonian.num_qubits > DENSE:
        return None
    eigenvalues, _ = backend.eigh(backend.asarray(hamiltonian.matrix()))
    return float(backend.to_numpy(eigenvalues)[0])


def _hamiltonian(arguments: argparse.Namespace) -> PauliSum:
    if (arguments.problem is None) == (arguments.hamiltonian is None):
        raise InvalidValueError("give one problem: h2, or --hamiltonian FILE")
    if arguments.problem:
        return PROBLEMS[arguments.problem]()
    hamiltonian = hamiltonians.load(arguments.hamiltonian)
    if not 0 < hamiltonian.num_qubits <= LARGEST:
        raise InvalidValueError(
            f"{arguments.hamiltonian} has terms on {hamiltonian.num_qubits} qubits; give one on 1 to {LARGEST}"
        )
    return hamiltonian


def _check_saved(arguments: argparse.Namespace) -> None:
    if arguments.resume and not arguments.save:
        raise InvalidValueError("--resume needs the file to go on from; give --save FILE as well")
    if arguments.resume and not arguments.save.exists():
        raise InvalidValueError(f"--resume: {arguments.save} does not exist; leave --resume out to begin")
    if arguments.save and arguments.save.is_file() and not arguments.resume:
        raise InvalidValueError(
            f"--save: {arguments.save} exists; give --resume to go on from it, or another name, or delete it"
        )


def _title(arguments: argparse.Namespace) -> str:
    return "Ground state of H₂" if arguments.problem == "h2" else f"Ground state of {arguments.hamiltonian.name}"
