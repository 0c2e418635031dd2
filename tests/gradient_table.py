"""Which result each gradient method differentiates, and by what, exactly and from shots: two tables for tests to walk.

`python tests/gradient_table.py --write-docs` puts them into docs/gradients.md; a test fails where the two differ.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from ketgrad import gradients
from ketgrad.differentiate import methods

DOCUMENT = Path(__file__).parents[1] / "docs" / "gradients.md"
BEGIN = "<!-- begin {}: written by `python tests/gradient_table.py --write-docs` -->"
END = "<!-- end {} -->"

NAMES = tuple(name for name in methods.NAMES if name != "device")
"""All methods but the one that takes a device, which is tested with one."""
AUXILIARY = gradients.Hadamard(auxiliary=True)
"""Has the cells of "hadamard", so that the tables name the two together."""

EXACT, DIFFERENCES, DIRECTIONS, SHOTS = "exact", "differences", "directions", "shots"


def column_of(method: str | gradients.Hadamard) -> str:
    """Return the column that a method's cells are in."""
    return "hadamard" if method == AUXILIARY else str(method)


@dataclass(frozen=True)
class Refused:
    """A cell that raises, and what its sentence says to do instead."""

    sentence: str
    """A part of it."""
    instead: str
    """The method that it names, or the score function; empty where "best" works if shots are left out, as it says."""
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

ALIKE = dict.fromkeys(EVERY, EXACT)
NO_NOISE = Refused('the compiled engine has no noise; give engine="traced", gradient="backprop"', "backprop")
NOISE = {**EVERY, "adjoint": NO_NOISE}
NO_RULE = Refused("there is no shift rule for the parameters of amplitude_damping", "backprop")
NO_RULE_FROM_SHOTS = Refused("there is no shift rule for the parameters", "finite-diff", exactly=False)
EXACT_OR_DIFFERENCES = Refused(
    "differentiates exact results; with shots give .*finite-diff", "finite-diff", exactly=False
)
DAMPING_FROM_SHOTS = {
    **FROM_SHOTS,
    "backprop": EXACT_OR_DIFFERENCES,
    "adjoint": EXACT_OR_DIFFERENCES,
    "best": Refused('without them, or with shots give gradient="finite-diff"', "finite-diff", exactly=False),
    "parameter-shift": NO_RULE_FROM_SHOTS,
}
NO_GENERATOR = Refused("there is no generator for the parameters", "backprop")
NO_GENERATOR_FROM_SHOTS = Refused("there is no generator for the parameters", "finite-diff", exactly=False)
NO_NUMBER = Refused('by the parameters of gates, not by an initial state.* give gradient="backprop"', "backprop")
BY_ENGINES = {**EVERY, "parameter-shift": NO_NUMBER, "hadamard": NO_NUMBER, "finite-diff": NO_NUMBER, "spsa": NO_NUMBER}
NO_ANGLE_FROM_SHOTS = {**FROM_SHOTS, "hadamard": NO_GENERATOR_FROM_SHOTS}
DAMPING_FROM_SHOTS["hadamard"] = NO_GENERATOR_FROM_SHOTS
LEAVE_SHOTS_OUT = Refused("adjoint differentiates exact results; .* or leave shots out", "")
NO_NUMBER_FROM_SHOTS = {
    **dict.fromkeys(EVERY, NO_NUMBER),
    "backprop": NOT_FROM_SHOTS["backprop"],
    "adjoint": NOT_FROM_SHOTS["adjoint"],
}

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


INPUTS = {
    # what the derivative is by: that of an exact expectation value, and of one from shots
    "angle": (EVERY, FROM_SHOTS),
    "angle of a controlled rotation": (EVERY, FROM_SHOTS),
    "probability of depolarizing": ({**NOISE, "hadamard": NO_GENERATOR}, NO_ANGLE_FROM_SHOTS),
    "strength of damping": ({**NOISE, "parameter-shift": NO_RULE, "hadamard": NO_GENERATOR}, DAMPING_FROM_SHOTS),
    "error of reading": ({**EVERY, "hadamard": NO_GENERATOR}, NO_ANGLE_FROM_SHOTS),
    "coefficient of an observable": (ALIKE, FROM_SHOTS),
    "matrix of an observable": (ALIKE, NO_NUMBER_FROM_SHOTS),
    "target of a fidelity": (ALIKE, NOT_FROM_SHOTS),
    "initial state": (BY_ENGINES, NO_NUMBER_FROM_SHOTS),
    "prepared amplitudes": (BY_ENGINES, NO_NUMBER_FROM_SHOTS),
    "unitary matrix": (BY_ENGINES, NO_NUMBER_FROM_SHOTS),
    "Kraus matrices": (
        {**BY_ENGINES, "adjoint": NO_NOISE},
        {**NO_NUMBER_FROM_SHOTS, "adjoint": LEAVE_SHOTS_OUT},
    ),
}

TABLES = {"result": TABLE, "by": INPUTS}
"""Each table under the heading of its first column."""


def markdown(heading: str) -> str:
    """Return a table for the page."""
    rows = [[heading, *(f'`"{method}"`' for method in EVERY)], ["---"] * (1 + len(EVERY))]
    for name, (exact, from_shots) in TABLES[heading].items():
        rows.append([name, *(f"{_word(exact[method])} / {_word(from_shots[method])}" for method in EVERY)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def written(page: str) -> str:
    """Return the page with these tables between their marks."""
    for heading in TABLES:
        begin, end = BEGIN.format(heading), END.format(heading)
        head, _, rest = page.partition(begin)
        _, mark, tail = rest.partition(end)
        assert mark, f"there are no marks {begin} and {end} in the page"
        page = f"{head}{begin}\n{markdown(heading)}\n{end}{tail}"
    return page


def _word(cell: str | Refused) -> str:
    return "–" if isinstance(cell, Refused) else cell


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Show the tables of gradient methods.")
    parser.add_argument("--write-docs", action="store_true", help=f"put them into {DOCUMENT.name}")
    if parser.parse_args().write_docs:
        DOCUMENT.write_text(written(DOCUMENT.read_text()))
    else:
        print(*map(markdown, TABLES), sep="\n\n")
