"""The command line, called as functions; what only a process shows is in test_console.py."""

import json

import pytest

import ketgrad as kg
from installed import installed_backends
from ketgrad.cli import main

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""


def test_run_counts_the_outcomes_of_a_bell_pair(tmp_path, capsys):
    path = tmp_path / "bell.qasm"
    path.write_text(BELL)
    assert main(["run", str(path), "--shots", "1000", "--seed", "7", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 1000
    # 1000 fair coins lie within 5 standard deviations, 79, of 500 but once in 1.7 million.
    assert abs(counts["00"] - 500) < 79


def test_run_gives_the_same_counts_for_a_seed_on_every_backend(tmp_path, capsys):
    path = tmp_path / "bell.qasm"
    path.write_text(BELL)
    printed = set()
    for name in installed_backends():
        assert main(["run", str(path), "--shots", "200", "--seed", "3", "--json", "--backend", name]) == 0
        printed.add(capsys.readouterr().out)
    assert len(printed) == 1


def test_run_prints_a_table(tmp_path, capsys):
    path = tmp_path / "flip.qasm"
    path.write_text('OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; x q[1];')
    assert main(["run", str(path), "--shots", "10"]) == 0
    printed = capsys.readouterr().out
    assert "10 shots" in printed
    assert "01" in printed
    assert "100.0 %" in printed


def test_run_names_the_line_and_column_of_an_error(tmp_path, capsys):
    path = tmp_path / "bad.qasm"
    path.write_text('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nh q[1];\n')
    assert main(["run", str(path)]) == 2
    assert "line 4, column 5" in capsys.readouterr().err


def test_run_says_that_a_file_is_missing_or_no_text(tmp_path, capsys):
    assert main(["run", str(tmp_path / "none.qasm")]) == 2
    assert "none.qasm: No such file or directory" in capsys.readouterr().err
    path = tmp_path / "binary.qasm"
    path.write_bytes(b"OPENQASM\xff")
    assert main(["run", str(path)]) == 2
    assert "is not UTF-8 text at byte 8" in capsys.readouterr().err


def test_backends_names_the_extra_that_a_missing_framework_comes_with(in_new_process):
    code = """
        hide("jax")
        import contextlib, io
        from ketgrad.cli import main
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            main(["backends"])
        print(json.dumps(shown.getvalue()))
    """
    shown = in_new_process(code, COLUMNS="200")
    assert "'ketgrad[jax]'" in shown


def test_backends_lists_numpy_as_installed(capsys):
    assert main(["backends"]) == 0
    assert "numpy" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["fly"], ["vqe", "helium"], ["run"], ["run", "x", "--shots", "0"]])
def test_a_wrong_command_line_exits_with_2_and_a_usage_line(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: ketgrad" in capsys.readouterr().err


def test_a_command_leaves_backend_and_precision_as_they_were(tmp_path):
    path = tmp_path / "bell.qasm"
    path.write_text(BELL)
    before = kg.get_backend().name, kg.get_precision()
    assert main(["run", str(path), "--backend", "strict", "--precision", "single"]) == 0
    assert (kg.get_backend().name, kg.get_precision()) == before
