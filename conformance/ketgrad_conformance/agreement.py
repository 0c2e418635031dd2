"""Agreement: the same circuits, seeds and gradients on several backends, recorded in a process each and then compared.

This layer finds what closed forms do not reach. It comes after them, since backends may agree and all be wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from ketgrad import tree
from ketgrad.errors import InvalidValueError
from ketgrad.precision import use_precision
from ketgrad.protocol import ArrayBackend, Capability
from ketgrad.registry import resolve, use_backend
from ketgrad_conformance.agreement_cases import CASES

TOLERANCE = 1e-12
FORMAT = "ketgrad agreement 1"


@dataclass(frozen=True)
class Agreement:
    """How far the backends that computed a case are apart, relative to 1 + |value|."""

    case: str
    backends: tuple[str, ...]
    spread: float

    @property
    def holds(self) -> bool:
        """Whether they agree; one backend alone agrees with itself."""
        return self.spread <= TOLERANCE


def record(backend: str | ArrayBackend, file: Path | str) -> None:
    """Compute every case on a backend, in double precision, and write the results as JSON.

    Cases for which it lacks a capability are left out.
    """
    with use_backend(resolve(backend)) as chosen, use_precision("double"):
        declared = frozenset(chosen.capabilities)
        results = {
            name: _encoded(chosen, case.compute(chosen)) for name, case in CASES.items() if case.requires <= declared
        }
    content = {
        "format": FORMAT,
        "backend": chosen.name,
        "library_version": chosen.library_version,
        "capabilities": [name.value for name in Capability if name in declared],
        "results": results,
    }
    Path(file).write_text(json.dumps(content) + "\n", encoding="utf-8")


def compare(files: Sequence[Path | str]) -> list[Agreement]:
    """Compare records, case by case.

    Raises
    ------
    InvalidValueError
        If there are fewer than two, one of them is no record, or two of them are of the same backend.
    """
    if len(files) < 2:
        raise InvalidValueError("a comparison needs two records or more")
    records = {content["backend"]: content["results"] for content in map(_read, files)}
    if len(records) < len(files):
        raise InvalidValueError(f"two records are of one backend; there are {', '.join(records)}")
    return [_agreement(case, {name: found[case] for name, found in records.items() if case in found}) for case in CASES]


def report(agreements: Sequence[Agreement]) -> int:
    """Print a table of agreements, and return 0 if all hold, 1 otherwise."""
    table = Table("case", "largest difference", "backends", box=None, pad_edge=False, header_style="bold")
    for entry in agreements:
        alone = len(entry.backends) < 2
        difference = "not compared" if alone else f"{entry.spread:.1e}{'' if entry.holds else '  TOO LARGE'}"
        table.add_row(entry.case, difference, ", ".join(entry.backends))
    Console(width=120).print(table)
    return int(not all(entry.holds for entry in agreements))


def _agreement(case: str, values: Mapping[str, Any]) -> Agreement:
    leaves = {name: [_decoded(leaf) for leaf in found] for name, found in values.items()}
    rows = list(leaves.values())
    spread = max((_distance(rows[0], row) for row in rows[1:]), default=0.0)
    return Agreement(case, tuple(values), spread)


def _distance(left: Sequence[Any], right: Sequence[Any]) -> float:
    if [entry.shape for entry in left] != [entry.shape for entry in right]:
        return float("inf")
    distances = [np.ravel(np.abs(a - b) / (1 + np.abs(a))) for a, b in zip(left, right, strict=True)]
    largest = float(np.max(np.concatenate(distances), initial=0.0))
    return largest if np.isfinite(largest) else float("inf")


def _encoded(backend: ArrayBackend, value: Any) -> list[dict[str, Any]]:
    leaves = [leaf if isinstance(leaf, int) else backend.to_numpy(leaf) for leaf in tree.flatten(value)[0]]
    arrays = [np.asarray(leaf) for leaf in leaves]
    return [{"real": array.real.tolist(), "imag": array.imag.tolist()} for array in arrays]


def _decoded(leaf: Mapping[str, Any]) -> Any:
    return np.asarray(leaf["real"]) + 1j * np.asarray(leaf["imag"])


def _read(file: Path | str) -> dict[str, Any]:
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InvalidValueError(f"{file}: no record can be read from it ({error})") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InvalidValueError(f"{file} is no record; make one with --record")
    return content
