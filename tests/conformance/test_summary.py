"""The table of several reports."""

import json

import pytest

import ketgrad as kg
from ketgrad_conformance.runner import main
from ketgrad_conformance.summary import summary


def write(path, **changes):
    tests = {
        "one": {"requires": ["vmap"], "outcome": "passed"},
        "two": {"requires": ["vmap", "jit"], "outcome": "passed"},
        "three": {"requires": [], "outcome": "passed"},
    }
    report = {"backend": "mine", "library_version": "1.2", "not_declared": ["autodiff"], "counts": {"passed": 3}}
    path.write_text(json.dumps({**report, "tests": tests, **changes}))
    return path


def test_a_summary_has_a_column_for_each_report_and_a_row_for_each_capability(tmp_path):
    failing = {"one": {"requires": ["jit"], "outcome": "failed"}}
    other = write(tmp_path / "b.json", backend="other", tests=failing, counts={"failed": 1})
    lines = summary([write(tmp_path / "a.json"), other]).splitlines()
    assert lines[0] == "|  | mine 1.2 | other 1.2 |"
    assert "| autodiff | refused | refused |" in lines
    assert "| vmap | 2 passed | 0 passed |" in lines
    assert "| jit | 1 passed | 1 of 1 failed |" in lines
    assert lines[-1] == "| all tests | 3 passed | 1 failed |"


def test_what_is_no_report_is_refused(tmp_path, capsys):
    path = tmp_path / "none.json"
    path.write_text("[]")
    with pytest.raises(kg.InvalidValueError, match="is no report of the conformance kit"):
        summary([path])
    assert main(["--summary", str(path)]) == 2
    assert "is no report" in capsys.readouterr().err
