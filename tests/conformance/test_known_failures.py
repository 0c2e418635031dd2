"""Known failures: strict, with kind and reason, and each of a test that exists."""

import pytest
from conformance_mutants import MUTANTS

import ketgrad_conformance
from ketgrad.errors import InvalidValueError
from ketgrad.registry import backend_names
from ketgrad_conformance.known_failures import BUILT_IN, KnownFailure, known_failures, read_table, unmatched

TEST = "protocol/test_leaves.py::test_a_leaf_stays_itself"
TABLE = '["{test}"]\nkind = "{kind}"\nreason = "{reason}"\n'


@pytest.fixture
def table(tmp_path):
    def write(test=TEST, kind="upstream", reason="https://example.org/issues/1"):
        file = tmp_path / "known.toml"
        file.write_text(TABLE.format(test=test, kind=kind, reason=reason))
        return file

    return write


def run_quietly(backend, **options):
    return ketgrad_conformance.run(backend, parts=["protocol"], select="leaf", **options)


def test_a_known_failure_does_not_fail_the_run(table, capsys):
    broken = MUTANTS["LeavesAreCopied"].backend()
    assert run_quietly(broken) == 1
    assert run_quietly(broken, known=table()) == 0
    assert "conforms" in capsys.readouterr().out


def test_a_known_failure_that_passes_fails_the_run(table, capsys):
    assert run_quietly("numpy", known=table()) == 1
    assert "XPASS(strict)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "test", ["protocol/test_leaves.py::test_no_such_thing", "protocol/test_nothing.py::test_a_leaf_stays_itself"]
)
def test_a_known_failure_of_no_test_is_an_error(table, capsys, test):
    assert run_quietly("numpy", known=table(test)) == 4
    assert "matches no test" in capsys.readouterr().err


def test_a_known_failure_in_a_part_that_is_not_run_is_no_error(table):
    assert run_quietly("numpy", known=table("simulator/test_gates.py::test_a_gate_makes_the_state_of_its_matrix")) == 0


@pytest.mark.parametrize(
    ("entry", "words"),
    [({"kind": "whim"}, "bug, upstream, never"), ({"reason": " "}, "a reason in words")],
)
def test_a_known_failure_has_a_kind_and_a_reason(table, entry, words):
    with pytest.raises(InvalidValueError, match=words):
        read_table(table(**entry))


def test_a_known_failure_has_nothing_else(tmp_path):
    file = tmp_path / "known.toml"
    file.write_text(f'["{TEST}"]\nkind = "bug"\nreason = "so"\nsince = "1.0"\n')
    with pytest.raises(InvalidValueError, match="nothing else"):
        read_table(file)


def test_a_table_that_is_not_there_or_no_toml_is_refused(tmp_path):
    with pytest.raises(InvalidValueError, match="no table"):
        read_table(tmp_path / "absent.toml")
    (tmp_path / "text.toml").write_text("not a table")
    with pytest.raises(InvalidValueError, match="no table"):
        read_table(tmp_path / "text.toml")


def test_a_given_table_adds_to_those_found_by_name(table):
    assert known_failures("numpy", table())[TEST] == KnownFailure("upstream", "https://example.org/issues/1")


def test_entries_are_unmatched_only_where_their_file_was_collected_or_does_not_exist():
    entries = dict.fromkeys(["a.py::gone", "a.py::there", "b.py::elsewhere", "c.py::nowhere"], KnownFailure("bug", "x"))
    assert unmatched(entries, ["a.py::there"], ["a.py", "b.py"]) == ["a.py::gone", "c.py::nowhere"]


def test_the_built_in_tables_are_of_backends_that_exist():
    names = {file.stem.partition("-")[0] for file in BUILT_IN.glob("*.toml")}
    assert names <= set(backend_names())
    for file in BUILT_IN.glob("*.toml"):
        read_table(file)
