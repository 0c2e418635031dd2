"""Cost against qubits, layers and samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.results import Results

COLOURS = {
    "ketgrad": "#0b6e4f",
    "ketgrad-traced": "#8fc1a9",
    "qulacs": "#c1440e",
    "lightning": "#7a3e9d",
    "pennylane": "#3b6fb6",
    "tensorcircuit": "#b8860b",
}
MARKERS = {"numpy": "o", "autograd": "o", "": "o", "torch": "s", "jax": "^", "tensorflow": "D"}
DASHES = {"numpy": "-", "autograd": "-", "": "-", "torch": "--", "jax": ":", "tensorflow": "-."}


def write(path: Path, results: Results) -> bool:
    """Draw one panel for each workload with an axis; False where there is none to draw."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [name for name in results.workloads() if len(results.cases(name)) > 1]
    if not names:
        return False
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(4.6 * columns, 3.6 * rows + 1.2), layout="constrained")
    FigureCanvasAgg(figure)
    lines: dict[str, Any] = {}
    for index, name in enumerate(names):
        _panel(figure.add_subplot(rows, columns, index + 1), results, name, lines)
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=min(5, 2 * columns), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return True


def _panel(axes: Any, results: Results, name: str, lines: dict[str, Any]) -> None:
    from matplotlib.ticker import EngFormatter

    cases = results.cases(name)
    for contestant in results.contestants():
        points = [(case.place, seconds) for case in cases if (seconds := results.seconds(contestant, case)) is not None]
        if points:
            library, _, framework = contestant.partition(" ")
            style = {"color": COLOURS[library], "marker": MARKERS[framework], "linestyle": DASHES[framework]}
            width = 2.2 if library == "ketgrad" else 1.2
            lines[contestant] = axes.plot(*zip(*points, strict=True), **style, linewidth=width, markersize=4)[0]
    family = cases[0].family
    axes.set_yscale("log")
    if family.axis != "qubits":
        axes.set_xscale("log")
    places = [case.place for case in cases]
    axes.set_xticks(places, [str(place) for place in places], minor=False)
    axes.minorticks_off()
    axes.set_xlabel(family.axis)
    axes.yaxis.set_major_formatter(EngFormatter(unit="s"))
    axes.set_ylabel(f"{'wall' if results.clock == 'wall' else 'CPU'} time of a call")
    axes.set_title(family.title[0].upper() + family.title[1:], fontsize=9)
    axes.grid(visible=True, which="major", axis="y", alpha=0.3)
