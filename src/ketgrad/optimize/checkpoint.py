"""Training on disk: parameters, an optimizer's state and the history in one file of NumPy's, without pickle.

The arrays are members of the archive, numbered; a text beside them has everything else as JSON, with the number of an
array in its place.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ketgrad import tree
from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.optimize.advance import State
from ketgrad.optimize.problem import named_leaves
from ketgrad.protocol import ArrayBackend

FORMAT = "ketgrad training, version 1"
ABOUT = "about"


class Saved(NamedTuple):
    """What a file holds."""

    step: int
    x: Any
    state: State
    history: list[float]


def save(path: Path, backend: ArrayBackend, optimizer: str, saved: Saved) -> None:
    """Write a file, in place of an older one only once it is complete."""
    arrays: list[Any] = []
    leaves, _, _ = tree.flatten(saved.x)
    about = {
        "format": FORMAT,
        "optimizer": optimizer,
        "step": saved.step,
        "x": [_encoded(backend, leaf, arrays) for leaf in leaves],
        "state": _encoded(backend, saved.state, arrays),
        "history": saved.history,
    }
    members: dict[str, Any] = {str(number): array for number, array in enumerate(arrays)}
    members[ABOUT] = np.array(json.dumps(about))
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as file:
        np.savez(file, **members)
    os.replace(partial, path)


def load(path: Path, backend: ArrayBackend, optimizer: str, x0: Any) -> Saved:
    """Read a file that belongs to an optimizer and to parameters of the structure and shapes of x0.

    None stands for one array of any shape.
    """
    about, arrays = _read(path)
    if about["optimizer"] != optimizer:
        raise InvalidValueError(
            f"{path} was written by {about['optimizer']}, and {optimizer} can't go on from it; give the same "
            "optimizer, or another file"
        )
    leaves = [_decoded(backend, item, arrays) for item in about["x"]]
    if x0 is not None:
        _check_parameters(path, leaves, x0)
    x = tree.flatten(x0)[2](leaves)
    return Saved(about["step"], x, _decoded(backend, about["state"], arrays), about["history"])


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        about = json.loads(str(arrays.pop(ABOUT)))
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']!r}")
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidValueError(f"{path} is no checkpoint of ketgrad, or a damaged one; give another file") from error
    return about, arrays


def _check_parameters(path: Path, leaves: list[Any], x0: Any) -> None:
    due = {name: tuple(leaf.shape) for name, leaf in named_leaves(x0)}
    found = [tuple(leaf.shape) for leaf in leaves]
    if found != list(due.values()):
        wanted = ", ".join(f"{name} of shape {shape}" for name, shape in due.items())
        raise InvalidValueError(f"{path} holds parameters of the shapes {found}, and x0 has {wanted}; give its own x0")


def _encoded(backend: ArrayBackend, value: Any, arrays: list[Any]) -> Any:
    if isinstance(value, dict):
        return {"dict": [[key, _encoded(backend, item, arrays)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_encoded(backend, item, arrays) for item in value]}
    if value is None or type(value) in (bool, int, float, str):  # a scalar of NumPy, a float too, is an array
        return value
    if not backend.is_array(value):
        raise InvalidTypeError(f"a {type(value).__name__} can't be in a checkpoint; keep arrays, numbers and strings")
    arrays.append(backend.to_numpy(value))
    return {"array": len(arrays) - 1}


def _decoded(backend: ArrayBackend, item: Any, arrays: dict[str, Any]) -> Any:
    if not isinstance(item, dict):
        return item
    if "dict" in item:
        return {key: _decoded(backend, part, arrays) for key, part in item["dict"]}
    if "list" in item:
        return [_decoded(backend, part, arrays) for part in item["list"]]
    return backend.array(arrays[str(item["array"])])
