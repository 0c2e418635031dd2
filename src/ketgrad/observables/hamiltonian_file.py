"""Hamiltonians as JSON files of Pauli terms."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ketgrad.circuit.checks import is_number
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.observables.pauli import PauliSum, show_word

LARGEST = 1 << 26
"""Bytes of a file, about a million terms."""
KEYS = ("terms", "description")


def load(path: str | Path) -> PauliSum:
    """Read a Hamiltonian from a JSON file of Pauli terms.

    The file is an object with "terms", from words such as "Z0 Z1", "X0" and "I" to real coefficients, and, if wanted,
    a "description": `{"terms": {"Z0 Z1": -1.0, "X0": -0.5, "X1": -0.5}}`. Products of operators on different qubits
    have spaces between; qubit 0 is the leftmost bit.

    Raises
    ------
    InvalidValueError
        Naming the file and what is wrong with it.

    Examples
    --------
    >>> import ketgrad as kg
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     kg.hamiltonians.save(kg.Z(0) @ kg.Z(1) - 0.5 * kg.X(0), f"{folder}/pair.json")
    ...     kg.hamiltonians.load(f"{folder}/pair.json")
    PauliSum({'Z0 Z1': 1.0, 'X0': -0.5})
    """
    file = Path(path)
    if file.stat().st_size > LARGEST:
        raise InvalidValueError(f"{file} has more than {LARGEST >> 20} MiB, which is too much for a Hamiltonian")
    try:
        content = json.loads(file.read_text("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_refused)
        return PauliSum(_terms(content))
    except RecursionError as error:
        raise InvalidValueError(f"{file} is nested too deeply; {WANTED}") from error
    except ValueError as error:  # of JSON, of its encoding, and ketgrad's own
        raise InvalidValueError(f"{file}: {error}") from error


def save(hamiltonian: PauliSum, path: str | Path, description: str = "") -> None:
    """Write a Hamiltonian, whose coefficients are numbers, into a file that `load` reads."""
    if not isinstance(hamiltonian, PauliSum):
        raise InvalidTypeError(f"save takes a Pauli sum, got a {type(hamiltonian).__name__}")
    constant = hamiltonian.constant_terms
    if constant is None:
        raise InvalidTypeError("the coefficients hold arrays of a framework, or are not finite; give plain numbers")
    content: dict[str, Any] = {"description": description} if description else {}
    content["terms"] = {show_word(word): value for word, value in constant.items}
    Path(path).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


WANTED = 'give an object such as {"terms": {"Z0 Z1": -1.0, "X0": -0.5}}'


def _terms(content: Any) -> dict[str, float]:
    if not isinstance(content, dict) or not isinstance(content.get("terms"), dict) or not content["terms"]:
        raise InvalidValueError(f"there are no terms; {WANTED}")
    unknown = [key for key in content if key not in KEYS]
    if unknown:
        raise InvalidValueError(f"{unknown[0]!r} is not known; {WANTED}, with a description if wanted")
    for word, value in content["terms"].items():
        if isinstance(value, bool) or not is_number(value) or not math.isfinite(value):
            raise InvalidValueError(f"the coefficient of {word!r} is {value!r}; give a finite number")
    return {word: float(value) for word, value in content["terms"].items()}


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise InvalidValueError(f"{double!r} is there twice; give each word once")
    return found


def _refused(name: str) -> Any:
    raise InvalidValueError(f"{name} is no coefficient; give finite numbers")
