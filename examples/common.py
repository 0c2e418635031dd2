"""What the examples share: the options of their command line, and pictures in the folder named there."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

import ketgrad as kg


def pictures_folder(description: str, *, any_backend: bool = True) -> Path:
    """Read the command line, put its backend in force, and return the folder for pictures."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, default=Path(), metavar="DIR", help="default: the current folder")
    if any_backend:
        parser.add_argument("--backend", default="numpy", help="numpy (default), torch, jax or tensorflow")
    options = parser.parse_args()
    if not options.pictures.is_dir():
        parser.error(f"--pictures: the folder {options.pictures} does not exist; make it first")
    if any_backend:
        os.environ.setdefault("JAX_ENABLE_X64", "1")  # JAX reads it when it is imported, which set_backend does
        try:
            kg.set_backend(options.backend)
        except kg.errors.KetgradError as error:
            parser.error(str(error))
    return options.pictures


def figure(width: float = 7.0, height: float = 4.2, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure, its size in inches, with plots side by side."""
    result = Figure(figsize=(width, height), layout="constrained")
    return result, list(result.subplots(1, columns, squeeze=False)[0])


def save(picture: Figure, folder: Path, name: str) -> None:
    """Save a figure as example_<name>.png, and say where."""
    path = folder / f"example_{name}.png"
    picture.savefig(path, dpi=80)
    print(f"picture: {path}")
