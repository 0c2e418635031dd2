"""`ketgrad vqe`, called as a function."""

import json
import math

import numpy as np
import pytest

import ketgrad as kg
from installed import AUTODIFF, installed_backends
from ketgrad.cli import main

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


def energies(output):
    """Return the steps and energies of the table that was printed."""
    rows = [line.split("│") for line in output.splitlines() if line.startswith("│")]
    return {int(row[1]): float(row[2]) for row in rows}


def last(output, label):
    return float(output.split(f"{label:<8}")[1].split()[0])


@pytest.mark.parametrize("name", [name for name in installed_backends() if name in AUTODIFF])
def test_the_descent_is_the_one_worked_out_by_hand_on_every_backend(name, capsys):
    assert main(["vqe", "h2", "--steps", "12", "--backend", name]) == 0
    found, expected = energies(capsys.readouterr().out), expected_descent(12, 0.4)
    assert sorted(found) == list(range(13))
    for step, energy in found.items():
        assert abs(energy - expected[step][1]) < 1e-9


def test_the_ground_energy_and_its_error_are_printed(capsys):
    assert main(["vqe", "h2"]) == 0
    printed = capsys.readouterr().out
    assert f"energy  {GROUND_ENERGY:.10f} Ha" in printed
    assert last(printed, "error") < 1e-12


def test_the_curve_is_saved_as_a_picture(tmp_path, capsys):
    target = tmp_path / "curve.png"
    assert main(["vqe", "h2", "--steps", "3", "--plot", str(target)]) == 0
    assert target.read_bytes().startswith(b"\x89PNG\r\n")
    assert str(target) in capsys.readouterr().out.replace("\n", "")


@pytest.fixture
def pair(tmp_path):
    """A file with −Z0 Z1 − X0 − X1, of ground energy −√5: [[−1, −2], [−2, 1]] on |00⟩ + |11⟩, |01⟩ + |10⟩."""
    path = tmp_path / "pair.json"
    path.write_text(json.dumps({"description": "two spins", "terms": {"Z0 Z1": -1.0, "X0": -1.0, "X1": -1.0}}))
    return path


@pytest.mark.parametrize(
    "optimizer",
    [
        "momentum",
        "nesterov",
        "adagrad",
        "rmsprop",
        "adam",
        "natural-gradient",
        "momentum-natural-gradient",
        "spsa",
        "rotosolve",
    ],
)
def test_each_optimizer_lowers_the_energy_of_a_hamiltonian_from_a_file(pair, optimizer, capsys):
    assert main(["vqe", "--hamiltonian", str(pair), "--optimizer", optimizer, "--steps", "60"]) == 0
    printed = capsys.readouterr().out
    assert f"exact   {-math.sqrt(5):.10f}" in printed
    found = energies(printed)
    assert found[60] < found[0]
    assert last(printed, "error") < 0.1


@pytest.mark.parametrize("ansatz", ["hardware-efficient", "strongly-entangling"])
def test_each_ansatz_reaches_the_ground_state_of_two_spins(pair, ansatz, capsys):
    options = ["--ansatz", ansatz, "--layers", "2", "--optimizer", "adam", "--steps", "200"]
    assert main(["vqe", "--hamiltonian", str(pair), *options]) == 0
    assert last(capsys.readouterr().out, "error") < 1e-4


def test_qaoa_finds_the_largest_cut_of_a_square(tmp_path, capsys):
    path = tmp_path / "square.json"
    kg.hamiltonians.save(kg.hamiltonians.maxcut([(0, 1), (1, 2), (2, 3), (3, 0)]), path)
    options = ["--ansatz", "qaoa", "--optimizer", "adam", "--steps", "150", "--seed", "1"]
    assert main(["vqe", "--hamiltonian", str(path), *options]) == 0
    assert last(capsys.readouterr().out, "error") < 1e-3  # two layers are exact for a ring of four


def test_a_run_is_saved_and_goes_on_to_the_same_numbers(pair, tmp_path, capsys):
    options = ["vqe", "--hamiltonian", str(pair), "--optimizer", "adam"]
    file = tmp_path / "run.npz"
    assert main([*options, "--steps", "10", "--save", str(file)]) == 0
    assert f"saved   {file}" in capsys.readouterr().out
    assert main([*options, "--steps", "25", "--save", str(file), "--resume"]) == 0
    resumed = last(capsys.readouterr().out, "energy")
    assert main([*options, "--steps", "25"]) == 0
    assert resumed == last(capsys.readouterr().out, "energy")


def test_a_saved_run_is_not_overwritten(tmp_path, capsys):
    file = tmp_path / "run.npz"
    options = ["vqe", "h2", "--steps", "2", "--save", str(file)]
    assert main(options) == 0
    written = file.read_bytes()
    assert main(options) == 2
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message == f"ketgrad: --save: {file} exists; give --resume to go on from it, or another name, or delete it"
    assert file.read_bytes() == written
    assert main([*options, "--resume", "--precision", "single"]) == 2
    assert "was written in double precision, and single is in force" in capsys.readouterr().err


def test_beyond_what_is_diagonalized_at_once_no_exact_energy_is_shown(tmp_path, capsys):
    path = tmp_path / "chain.json"
    kg.hamiltonians.save(kg.hamiltonians.transverse_field_ising(11), path)
    assert main(["vqe", "--hamiltonian", str(path), "--layers", "1", "--steps", "1"]) == 0
    printed = capsys.readouterr().out
    assert "exact" not in printed
    assert "change" in printed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["h2", "--plot", "/no/such/folder/curve.png"],
            "--plot /no/such/folder/curve.png: the folder /no/such/folder does not",
        ),
        (["h2", "--plot", "curve.txt"], "--plot curve.txt: name a file that ends in one of"),
        (["h2", "--backend", "tosch"], "backend 'tosch' is not known; installed backends:"),
        ([], "give one problem: h2, or --hamiltonian FILE"),
        (["h2", "--hamiltonian", "x.json"], "give one problem: h2, or --hamiltonian FILE"),
        (["--hamiltonian", "/no/such.json"], "/no/such.json: No such file or directory"),
        (["h2", "--resume"], "--resume needs the file to go on from; give --save FILE as well"),
        (["h2", "--resume", "--save", "/no/such.npz"], "--resume: /no/such.npz does not exist"),
        (["h2", "--save", "/no/such/run.npz"], "the folder of the checkpoint /no/such/run.npz does not exist"),
        (["h2", "--ansatz", "qaoa"], "commute"),
        (["h2", "--optimizer", "rotosolve", "--learning-rate", "0.1"], "--learning-rate 0.1: rotosolve has none"),
        (["h2", "--seed", "-1"], "seed is -1; give an integer of zero or more"),
        (["h2", "--seed", "-1", "--ansatz", "hardware-efficient"], "seed is -1"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, sentence, capsys):
    assert main(["vqe", *arguments]) == 2
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("ketgrad: ")
    assert sentence in message


def test_the_double_excitation_is_for_four_qubits(pair, capsys):
    assert main(["vqe", "--hamiltonian", str(pair), "--ansatz", "double-excitation"]) == 2
    assert "the ansatz double-excitation has 4 qubits, and the Hamiltonian 2" in capsys.readouterr().err


def test_the_start_depends_on_the_seed_alone(pair, capsys):
    found = []
    for seed in ("3", "3", "4"):
        assert main(["vqe", "--hamiltonian", str(pair), "--steps", "1", "--seed", seed]) == 0
        found.append(energies(capsys.readouterr().out)[0])
    assert found[0] == found[1] != found[2]
    assert np.isfinite(found).all()
