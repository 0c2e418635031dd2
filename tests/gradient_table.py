"""Which result each gradient method differentiates, exactly and from shots: one table, which tests walk cell by cell.

`python tests/gradient_table.py --write-docs` puts it into docs/gradients.md; a test fails where the two differ.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "gradients.md"
BEGIN = "<!-- begin: written by `python tests/gradient_table.py --write-docs` -->"
END = "<!-- end -->"

EXACT, DIFFERENCES, DIRECTIONS, SHOTS = "exact", "differences", "directions", "shots"


@dataclass(frozen=True)
class Refused:
    """A cell that raises, and what its sentence says to do instead."""

    sentence: str
    """A part of it."""
    instead: str
    """The method that it names, or the score function."""
    exactly: bool = True
    """Whether that method works exactly, or from shots."""


SCORE_FUNCTION = "kg.gradients.score_function"

EVERY = {
    "best": EXACT,
    "backprop": EXACT,
    "adjoint": EXACT,
    "parameter-shift": EXACT,
    "hadamard": EXACT,
    "finite-diff": DIFFERENCES,
    "spsa": DIRECTIONS,
}
NO_STATE = Refused('a state vector is not; give gradient="backprop"', "backprop")
STATE = {**EVERY, "parameter-shift": NO_STATE, "hadamard": NO_STATE}
EXACT_ONLY = Refused("differentiates exact results; with shots give parameter-shift", "parameter-shift", exactly=False)
FROM_SHOTS = {
    "best": SHOTS,
    "backprop": EXACT_ONLY,
    "adjoint": EXACT_ONLY,
    "parameter-shift": SHOTS,
    "hadamard": SHOTS,
    "finite-diff": SHOTS,
    "spsa": SHOTS,
}
LEAVE_SHOTS = Refused('leave shots out, and differentiate the exact one with gradient="best"', "best")
NOT_FROM_SHOTS = {
    "best": LEAVE_SHOTS,
    "backprop": Refused("backprop differentiates exact results; .* or leave shots out", "backprop"),
    "adjoint": Refused("adjoint differentiates exact results; .* or leave shots out", "adjoint"),
    "parameter-shift": LEAVE_SHOTS,
    "hadamard": LEAVE_SHOTS,
    "finite-diff": LEAVE_SHOTS,
    "spsa": LEAVE_SHOTS,
}
TAKES_SHOTS = dict.fromkeys(EVERY, Refused("takes a number of shots; give shots=1000", SCORE_FUNCTION))
DRAWN = dict.fromkeys(EVERY, Refused("samples", SCORE_FUNCTION, exactly=False))

TABLE = {
    # result: what each method makes of the exact one, and of the one from shots
    "state": (STATE, NOT_FROM_SHOTS),
    "density matrix": (EVERY, NOT_FROM_SHOTS),
    "probabilities": (EVERY, FROM_SHOTS),
    "samples": (TAKES_SHOTS, DRAWN),
    "counts": (TAKES_SHOTS, DRAWN),
    "expectation of a Pauli sum": (EVERY, FROM_SHOTS),
    "expectation of a Hermitian": (EVERY, FROM_SHOTS),
    "expectation of a projector": (EVERY, FROM_SHOTS),
    "variance of a Pauli sum": (EVERY, FROM_SHOTS),
    "variance of a Hermitian": (EVERY, FROM_SHOTS),
    "variance of a projector": (EVERY, FROM_SHOTS),
    "entropy": (EVERY, NOT_FROM_SHOTS),
    "mutual information": (EVERY, NOT_FROM_SHOTS),
    "purity": (EVERY, NOT_FROM_SHOTS),
    "fidelity": (EVERY, NOT_FROM_SHOTS),
}


def markdown() -> str:
    """Return the table for the page."""
    rows = [["result", *(f'`"{method}"`' for method in EVERY)], ["---"] * (1 + len(EVERY))]
    for result, (exact, from_shots) in TABLE.items():
        rows.append([result, *(f"{_word(exact[method])} / {_word(from_shots[method])}" for method in EVERY)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def written(page: str) -> str:
    """Return the page with this table between its marks."""
    head, _, rest = page.partition(BEGIN)
    _, mark, tail = rest.partition(END)
    assert mark, f"there are no marks {BEGIN} and {END} in the page"
    return f"{head}{BEGIN}\n{markdown()}\n{END}{tail}"


def _word(cell: str | Refused) -> str:
    return "–" if isinstance(cell, Refused) else cell


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Show the table of gradient methods.")
    parser.add_argument("--write-docs", action="store_true", help=f"put it into {DOCUMENT.name}")
    if parser.parse_args().write_docs:
        DOCUMENT.write_text(written(DOCUMENT.read_text()))
    else:
        print(markdown())
