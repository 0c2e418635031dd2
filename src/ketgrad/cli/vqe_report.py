"""What `ketgrad vqe` shows: a table of energies, the last one, and the training curve as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from ketgrad.errors import InvalidValueError, MissingFrameworkError

ROWS = 10


def table(title: str, history: Sequence[float], exact: float | None) -> Table:
    """Return about ten steps with their energies, and errors where the exact energy is known."""
    result = Table(title=title)
    for heading in ("step", "energy", "change" if exact is None else "error"):
        result.add_column(heading, justify="right")
    last = len(history) - 1
    for step in sorted({*range(0, last, max(1, last // ROWS)), last}):
        reference = history[max(step - 1, 0)] if exact is None else exact
        result.add_row(str(step), f"{history[step]:.10f}", f"{history[step] - reference:.2e}")
    return result


def summary(energy: float, exact: float | None, unit: str) -> str:
    """Return the last energy beside the exact one."""
    lines = [f"energy  {energy:.10f} {unit}".rstrip()]
    if exact is not None:
        lines += [f"exact   {exact:.10f} {unit}".rstrip(), f"error   {abs(energy - exact):.2e} {unit}".rstrip()]
    return "\n".join(lines)


def check_plot(path: Path) -> None:
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


def plot(title: str, history: Sequence[float], exact: float | None, unit: str, path: Path) -> None:
    """Save the training curve."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(range(len(history)), history, marker="o", markersize=3, label="VQE")
    axes.axhline(history[0], color="gray", linestyle=":", linewidth=1, label="start")
    if exact is not None:
        axes.axhline(exact, color="black", linestyle="--", linewidth=1, label=f"exact, {exact:.6f}")
    axes.set_xlabel("step")
    axes.set_ylabel(f"energy in {unit}" if unit else "energy")
    axes.set_title(title)
    axes.legend()
    figure.savefig(path, dpi=150)
