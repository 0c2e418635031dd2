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
from ketgrad.placement import device_among
from ketgrad.precision import get_precision
from ketgrad.protocol import ArrayBackend

FORMAT = "ketgrad training, version 1"
ABOUT = "about"
ENTRIES = {"format", "optimizer", "precision", "step", "x", "state", "history"}


class Saved(NamedTuple):
    """What a file holds."""

    step: int
    x: Any
    state: State
    history: list[float]


def check_writable(path: Path) -> None:
    """Raise the system's error where a file can't be written."""
    partial = _partial(path)
    partial.open("wb").close()
    partial.unlink()


def save(path: Path, backend: ArrayBackend, optimizer: str, saved: Saved) -> None:
    """Write a file, in place of an older one only once it is complete."""
    arrays: list[Any] = []
    about = {
        "format": FORMAT,
        "optimizer": optimizer,
        "precision": get_precision(),
        "step": saved.step,
        "x": [[name, _encoded(backend, leaf, arrays)] for name, leaf in named_leaves(saved.x)],
        "state": _encoded(backend, saved.state, arrays),
        "history": saved.history,
    }
    members: dict[str, Any] = {str(number): array for number, array in enumerate(arrays)}
    members[ABOUT] = np.array(json.dumps(about))
    partial = _partial(path)
    with partial.open("wb") as file:
        np.savez(file, **members)
    os.replace(partial, path)


def load(path: Path, backend: ArrayBackend, optimizer: str, x0: Any, is_as_x0: bool = True) -> Saved:
    """Read a file of an optimizer and of parameters with the names, shapes and types of x0, onto their device.

    Without `is_as_x0` the parameters are one array, of any shape.
    """
    about, arrays = _read(path)
    if about["optimizer"] != optimizer:
        raise InvalidValueError(
            f"{path} was written by {about['optimizer']}, and {optimizer} can't go on from it; give the same "
            "optimizer, or another file"
        )
    if about["precision"] != get_precision():
        raise InvalidValueError(
            f"{path} was written in {about['precision']} precision, and {get_precision()} is in force; choose "
            f"{about['precision']} again, or give another file"
        )
    due, device = named_leaves(x0), device_among(backend, x0)
    found = {name: _decoded(backend, item, arrays, device) for name, item in about["x"]}
    if is_as_x0:
        _check_parameters(path, backend, found, dict(due))
    x = tree.flatten(x0)[2]([found[name] for name, _ in due])
    return Saved(about["step"], x, _decoded(backend, about["state"], arrays, device), about["history"])


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        about = json.loads(str(arrays.pop(ABOUT)))
        if about["format"] != FORMAT or set(about) != ENTRIES:
            raise ValueError(f"its format is {about['format']!r}, with {', '.join(about)}")
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidValueError(f"{path} is no checkpoint of ketgrad, or a damaged one; give another file") from error
    return about, arrays


def _check_parameters(path: Path, backend: ArrayBackend, found: dict[str, Any], due: dict[str, Any]) -> None:
    saved, given = _kinds(backend, found), _kinds(backend, due)
    if set(saved) != set(given):
        raise InvalidValueError(
            f"{path} holds {', '.join(saved) or 'no parameters'}, and x0 has {', '.join(given) or 'none'}; give its "
            "own x0"
        )
    for name, kind in saved.items():
        if kind != given[name]:
            raise InvalidValueError(f"{path} holds {name} of {kind}, and x0 has it of {given[name]}; give its own x0")


def _kinds(backend: ArrayBackend, leaves: dict[str, Any]) -> dict[str, str]:
    return {name: f"shape {tuple(leaf.shape)} and type {backend.dtype(leaf)}" for name, leaf in leaves.items()}


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".part")


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


def _decoded(backend: ArrayBackend, item: Any, arrays: dict[str, Any], device: str | None) -> Any:
    if not isinstance(item, dict):
        return item
    if "dict" in item:
        return {key: _decoded(backend, part, arrays, device) for key, part in item["dict"]}
    if "list" in item:
        return [_decoded(backend, part, arrays, device) for part in item["list"]]
    return backend.array(arrays[str(item["array"])], device=device)
