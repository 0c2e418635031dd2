"""The command line, called as functions; what only a process shows is in test_console.py."""

import json
import math

import pytest

import ketgrad as kg
from installed import installed_backends
from ketgrad.cli import main, vqe

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""

# Gradient descent by hand: E(θ) = a + b cos θ + c sin θ on the plane of |1100⟩ and |0011⟩, whose matrix elements follow
# from the Hamiltonian's terms.
Z = {"Z0": 0.17771358229091716, "Z2": -0.24274501260941517}
ZZ = {
    "01": 0.1705975927683681,
    "02": 0.12293330449299383,
    "03": 0.16768338855601386,
    "23": 0.1762766139418187,
}
CONSTANT = -0.04207255194743845
EXCHANGE = 0.04475008406302003
GROUND_ENERGY = -1.1361891625218807


def expected_descent(steps: int, rate: float) -> list[tuple[float, float]]:
    both = CONSTANT + ZZ["01"] + ZZ["23"] - 2 * ZZ["02"] - 2 * ZZ["03"]
    occupied = -2 * Z["Z0"] + 2 * Z["Z2"]
    coupling = 4 * EXCHANGE
    theta, rows = 0.0, []
    for _ in range(steps + 1):
        rows.append((theta, both + occupied * math.cos(theta) + coupling * math.sin(theta)))
        theta -= rate * (coupling * math.cos(theta) - occupied * math.sin(theta))
    return rows


@pytest.mark.parametrize("name", [name for name in installed_backends() if name != "strict"])
def test_vqe_follows_the_descent_worked_out_by_hand_on_every_backend(name):
    with kg.use_backend(name) as backend:
        steps = list(vqe.train(backend, steps=12, learning_rate=0.4))
    expected = expected_descent(12, 0.4)
    assert [step.index for step in steps] == list(range(13))
    for step, (theta, energy) in zip(steps, expected, strict=True):
        assert abs(step.theta - theta) < 1e-9
        assert abs(step.energy - energy) < 1e-9


def test_vqe_prints_the_ground_energy_and_its_error(capsys):
    assert main(["vqe", "h2"]) == 0
    printed = capsys.readouterr().out
    assert f"energy  {GROUND_ENERGY:.10f} Ha" in printed
    error = float(printed.split("error   ")[1].split()[0])
    assert error < 1e-12


def test_vqe_saves_the_curve_as_a_picture(tmp_path, capsys):
    target = tmp_path / "curve.png"
    assert main(["vqe", "h2", "--steps", "3", "--plot", str(target)]) == 0
    assert target.read_bytes().startswith(b"\x89PNG\r\n")
    assert str(target) in capsys.readouterr().out.replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--plot", "/no/such/folder/curve.png"],
            "--plot /no/such/folder/curve.png: the folder /no/such/folder does not",
        ),
        (["--plot", "curve.txt"], "--plot curve.txt: name a file that ends in one of"),
        (["--backend", "tosch"], "backend 'tosch' is not known; installed backends:"),
    ],
)
def test_vqe_says_in_one_line_what_is_wrong(arguments, sentence, capsys):
    assert main(["vqe", "h2", *arguments]) == 2
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("ketgrad: ")
    assert sentence in message


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


@pytest.mark.parametrize("arguments", [[], ["fly"], ["vqe"], ["vqe", "helium"], ["run"], ["run", "x", "--shots", "0"]])
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
