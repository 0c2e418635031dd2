"""A backend from another distribution: built, installed, found by its name, and put through the kit."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ketgrad_conformance import known_failures

SOURCE = Path(__file__).parents[1] / "third_party" / "minimal_backend"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir"]
OFFLINE = ["--no-index", "--no-deps"]


def run(words, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The surroundings of a process in which the distribution is installed."""
    folder = tmp_path_factory.mktemp("third_party")
    source = shutil.copytree(SOURCE, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    run([*PIP, "wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", str(folder), str(source)])
    (wheel,) = folder.glob("*.whl")
    run([*PIP, "install", *OFFLINE, "--target", str(folder / "site"), str(wheel)])
    path = os.pathsep.join(filter(None, [str(folder / "site"), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


def test_the_backend_has_fewer_than_a_hundred_lines_of_code():
    text = (SOURCE / "src" / "minimal_backend" / "__init__.py").read_text(encoding="utf-8")
    assert len([line for line in text.splitlines() if line.strip()]) < 100


def test_the_backend_is_found_by_its_name(environment, tmp_path):
    code = (
        "import ketgrad as kg; found = kg.available_backends()['minimal']; "
        "print(found.installed, found.devices, *(name.value for name in found.capabilities))"
    )
    found = run([sys.executable, "-c", code], env=environment, cwd=tmp_path)
    assert found.strip() == "True ('cpu',) vmap"


def test_the_backend_passes_the_kit(environment, tmp_path):
    command = [sys.executable, "-m", "ketgrad_conformance", "minimal", "--json", "report.json"]
    assert "minimal conforms to what it declares" in run(command, env=environment, cwd=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["capabilities"] == ["vmap"]
    assert report["counts"]["failed"] == 0
    assert min(report["counts"]["passed"], report["counts"]["unsupported"]) > 100
    assert {test["part"] for test in report["tests"].values()} == {"protocol", "simulator"}


def test_a_table_of_known_failures_is_found_through_its_entry_point(monkeypatch, tmp_path):
    file = tmp_path / "known.toml"
    file.write_text('["protocol/test_vmap.py::test_a_map_is_differentiated"]\nkind = "never"\nreason = "so"\n')
    module = tmp_path / "tables_of_a_third_party.py"
    module.write_text(f"def table():\n    return {str(file)!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("minimal", "tables_of_a_third_party:table", known_failures.GROUP)
    monkeypatch.setattr(known_failures, "entry_points", lambda group: [point] if group == point.group else [])
    found = known_failures.known_failures("minimal")
    assert [(name, entry.kind) for name, entry in found.items()] == [
        ("protocol/test_vmap.py::test_a_map_is_differentiated", "never")
    ]
    assert known_failures.known_failures("another") == {}
