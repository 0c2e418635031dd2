"""The wheel holds three packages, marked as typed, with their entry points, and works from where it is installed."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("ketgrad-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the wheel's contents, first on the path of a process that starts elsewhere."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("package", ["ketgrad", "ketgrad_backends", "ketgrad_conformance"])
def test_each_package_is_in_the_wheel_and_typed(wheel, package):
    names = zipfile.ZipFile(wheel).namelist()
    assert f"{package}/__init__.py" in names
    assert f"{package}/py.typed" in names


def test_nothing_but_the_packages_is_in_the_wheel(wheel):
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"ketgrad", "ketgrad_backends", "ketgrad_conformance", "ketgrad-0.1.0.dist-info"}


def test_the_core_needs_five_distributions_and_no_framework(wheel):
    archive = zipfile.ZipFile(wheel)
    metadata = archive.read("ketgrad-0.1.0.dist-info/METADATA").decode()
    needed = [
        line.split()[1] for line in metadata.splitlines() if line.startswith("Requires-Dist:") and ";" not in line
    ]
    assert sorted(name.split(">")[0] for name in needed) == ["autograd", "autoray", "numba", "numpy", "rich"]


def test_the_installed_wheel_finds_its_backends_and_differentiates(installed, tmp_path):
    code = "import ketgrad as kg; print(kg.__file__); print(float(kg.grad(lambda x: x**3)(2.0)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    where, gradient = done.stdout.splitlines()
    assert Path(where).is_relative_to(installed)
    assert gradient == "12.0"
