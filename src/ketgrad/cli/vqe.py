"""`ketgrad vqe h2`: find a ground-state energy with the variational quantum eigensolver.

The energy ⟨ψ(θ)|H|ψ(θ)⟩ of a circuit with parameters θ is lowered by gradient descent, θ ← θ − η ∂E/∂θ.
Reference: A. Peruzzo et al., "A variational eigenvalue solver on a photonic quantum processor", Nat. Commun. 5, 4213
(2014).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from ketgrad.circuit import Circuit
from ketgrad.cli.options import Commands, add_backend, chosen_backend, positive_integer, positive_number
from ketgrad.engine import use_engine
from ketgrad.errors import InvalidValueError, MissingFrameworkError
from ketgrad.observables import hamiltonians
from ketgrad.protocol import Array, ArrayBackend
from ketgrad.transforms import value_and_grad

ROWS = 10


@dataclass(frozen=True)
class Step:
    """One step of the descent, with numbers as Python has them."""

    index: int
    theta: float
    energy: float
    slope: float


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("vqe", help="find a molecule's ground-state energy")
    parser.add_argument("problem", choices=("h2",), help="h2: molecular hydrogen on 4 qubits")
    parser.add_argument("--steps", type=positive_integer, default=40, metavar="N", help="default: 40")
    parser.add_argument("--learning-rate", type=positive_number, default=0.4, metavar="X", help="η above; default: 0.4")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="save the training curve, e.g. curve.png")
    add_backend(parser)
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Train, print the energies, and save the curve if asked to."""
    if arguments.plot:
        _check_plot(arguments.plot)
    console = Console()
    # For a few milliseconds of work nobody should wait until the kernels of the other engine are compiled.
    with chosen_backend(arguments) as backend, use_engine("traced"):
        exact = exact_energy(backend)
        descent = train(backend, arguments.steps, arguments.learning_rate)
        history = list(
            track(descent, f"VQE on {backend.name}", total=arguments.steps + 1, console=Console(stderr=True))
        )
    console.print(_table(history, exact))
    final = history[-1].energy
    console.print(f"energy  {final:.10f} Ha\nexact   {exact:.10f} Ha\nerror   {abs(final - exact):.2e} Ha")
    if arguments.plot:
        _plot(history, exact, arguments.plot)
        console.print(f"curve   {arguments.plot}", markup=False)
    return 0


def train(backend: ArrayBackend, steps: int, learning_rate: float) -> Iterator[Step]:
    """Yield the start, at the Hartree–Fock state, and each step of gradient descent on the energy of H₂."""
    hamiltonian = hamiltonians.h2()
    energy_and_slope = value_and_grad(lambda theta: h2_ansatz(theta).expectation(hamiltonian))
    theta = backend.requires_grad(backend.array(0.0))
    for index in range(steps + 1):
        energy, slope = energy_and_slope(theta)
        numbers = [float(backend.to_numpy(array)) for array in (theta, energy, slope)]
        yield Step(index, *numbers)
        theta = backend.requires_grad(backend.detach(theta - learning_rate * slope))


def h2_ansatz(theta: Array) -> Circuit:
    """Return the circuit of cos(θ/2)|1100⟩ + sin(θ/2)|0011⟩: both electrons excited together."""
    return Circuit(4).ry(theta, 2).cx(2, 3).x(0).x(1).cx(2, 0).cx(2, 1)


def exact_energy(backend: ArrayBackend) -> float:
    """Return the smallest eigenvalue of the Hamiltonian of H₂, in hartree."""
    eigenvalues, _ = backend.eigh(backend.asarray(hamiltonians.h2().matrix()))
    return float(backend.to_numpy(eigenvalues)[0])


def _table(history: list[Step], exact: float) -> Table:
    table = Table(title="Ground state of H₂, energies in hartree")
    for heading in ("step", "θ", "energy", "error", "∂E/∂θ"):
        table.add_column(heading, justify="right")
    stride = max(1, (len(history) - 1) // ROWS)
    shown = [*history[:-1:stride], history[-1]]
    for step in shown:
        table.add_row(
            str(step.index),
            f"{step.theta:.8f}",
            f"{step.energy:.10f}",
            f"{step.energy - exact:.2e}",
            f"{step.slope:.2e}",
        )
    return table


def _check_plot(path: Path) -> None:
    """Find out before training that the curve can be saved after it."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ModuleNotFoundError as error:
        raise MissingFrameworkError(
            "--plot needs matplotlib, which is not installed; run: pip install 'ketgrad[plot]'",
            name=error.name,
        ) from error
    formats = FigureCanvasAgg.get_supported_filetypes()
    if path.suffix.lstrip(".").lower() not in formats:
        raise InvalidValueError(f"--plot {path}: name a file that ends in one of {', '.join(sorted(formats))}")
    if not path.absolute().parent.is_dir():
        raise InvalidValueError(f"--plot {path}: the folder {path.absolute().parent} does not exist")


def _plot(history: list[Step], exact: float, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    steps = [step.index for step in history]
    axes.plot(steps, [step.energy for step in history], marker="o", markersize=3, label="VQE")
    axes.axhline(exact, color="black", linestyle="--", linewidth=1, label=f"exact, {exact:.6f} Ha")
    axes.axhline(history[0].energy, color="gray", linestyle=":", linewidth=1, label="Hartree–Fock")
    axes.set_xlabel("step")
    axes.set_ylabel("energy in hartree")
    axes.set_title("Ground state of H₂ by gradient descent")
    axes.legend()
    figure.savefig(path, dpi=150)
