"""The worked examples of ground states and optimization, with fewer steps: their physics, their pictures, and that they
print the same on every backend."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import ketgrad as kg
from dense_device import DenseDevice

pytest.importorskip("matplotlib")

import natural_gradient
import noisy_training
import qaoa_maxcut
import shot_noise
import vqe_h2
import vqe_ising_chain

REFERENCE = json.loads((Path(__file__).parents[1] / "differentiate" / "reference_values.json").read_text())
SIGNATURE = b"\x89PNG"


@pytest.fixture
def short_chain(monkeypatch):
    monkeypatch.setattr(vqe_ising_chain, "SITES", 4)


def assert_has_picture(folder, name):
    assert (folder / f"example_{name}.png").read_bytes().startswith(SIGNATURE)


def test_h2_reaches_the_energy_of_the_literature(tmp_path):
    energies = vqe_h2.main(pictures=tmp_path)
    assert energies["energy"] == pytest.approx(-1.136189, abs=1e-6)
    assert energies["energy"] == pytest.approx(energies["exact"], abs=1e-9)
    assert energies["start"] == pytest.approx(-1.1173489211, abs=1e-9)
    assert_has_picture(tmp_path, "vqe_h2")


@pytest.mark.parametrize("sites", [2, 4, 12, 50])
def test_free_fermions_have_the_closed_form_of_the_critical_chain(monkeypatch, sites):
    monkeypatch.setattr(vqe_ising_chain, "SITES", sites)
    assert vqe_ising_chain.exact_energy() == pytest.approx(1 - 1 / math.sin(math.pi / (4 * sites + 2)), abs=1e-10)


def test_the_chain_comes_near_the_exact_energy_by_both_optimizers(tmp_path, short_chain):
    histories = vqe_ising_chain.main(2, 300, 100, 40, tmp_path)
    adam, begun, natural = (history[-1] for history in histories.values())
    exact = 1 - 1 / math.sin(math.pi / 18)
    assert exact < adam < exact + 1e-3
    assert exact < natural < exact + 1e-3
    assert natural < begun
    assert_has_picture(tmp_path, "vqe_ising_chain")


def cut_of_one_layer(edges, gamma, beta):
    """Return the expected cut by Z. Wang, S. Hadfield, Z. Jiang and E. G. Rieffel, Phys. Rev. A 97, 022304 (2018)."""
    around = {v: {a + b - v for a, b in edges if v in (a, b)} for edge in edges for v in edge}
    total = 0.0
    for u, v in edges:
        d, e, f = len(around[u]) - 1, len(around[v]) - 1, len(around[u] & around[v])
        c = math.cos(gamma)
        total += 0.5 + 0.25 * math.sin(4 * beta) * math.sin(gamma) * (c**d + c**e)
        total -= 0.25 * math.sin(2 * beta) ** 2 * c ** (d + e - 2 * f) * (1 - math.cos(2 * gamma) ** f)
    return total


def test_the_landscape_of_one_layer_has_its_closed_form():
    gamma, beta, cuts = qaoa_maxcut.landscape()
    expected = [[cut_of_one_layer(qaoa_maxcut.EDGES, -g, b) for g in gamma] for b in beta]
    np.testing.assert_allclose(cuts, expected, atol=1e-10)


def test_one_layer_trains_to_the_top_of_its_landscape_and_samples_find_the_largest_cut(tmp_path):
    results = qaoa_maxcut.main((1, 3), 100, tmp_path)
    fine = np.linspace(-np.pi / 2, np.pi / 2, 200), np.linspace(0, np.pi / 2, 100)
    best = max(cut_of_one_layer(qaoa_maxcut.EDGES, -g, b) for g in fine[0] for b in fine[1])
    assert results[1]["expected"] == pytest.approx(best, abs=2e-3)
    assert best < results[3]["expected"] < 13
    assert results[3]["best"] == 13
    assert_has_picture(tmp_path, "qaoa_maxcut")


def test_no_division_of_the_graph_cuts_more_than_the_largest():
    spins = 1 - 2 * (np.arange(2**10)[:, None] >> np.arange(10) & 1)
    cuts = sum((1 - spins[:, a] * spins[:, b]) // 2 for a, b in qaoa_maxcut.EDGES)
    assert qaoa_maxcut.largest_cut() == cuts.max() == 13


def test_natural_gradient_has_its_four_results_after_200_steps(tmp_path):
    curves = natural_gradient.main(pictures=tmp_path)
    names = {
        "gradient descent": "gradient_descent",
        "natural gradient, diagonal": "qng_diagonal",
        "natural gradient, block-diagonal": "qng_block_diagonal",
        "natural gradient, full": "qng_full",
    }
    after = REFERENCE["natural_gradient_thread_circuit"]["after_200_steps_lr_0.01"]
    assert {name: after[key]["cost"] for name, key in names.items()} == natural_gradient.EXPECTED
    for name, history in curves.items():
        assert history[-1] == pytest.approx(natural_gradient.EXPECTED[name], abs=1e-9)
        assert min(history) > natural_gradient.SMALLEST
    assert_has_picture(tmp_path, "natural_gradient")


def test_training_from_shots_lowers_the_exact_energy(tmp_path):
    curves = shot_noise.main(steps=12, pictures=tmp_path)
    exact = 1 - 1 / math.sin(math.pi / 18)
    for energies in curves.values():
        assert exact < energies[-1] < energies[0] - 0.1
    assert_has_picture(tmp_path, "shot_noise")


@pytest.mark.parametrize("name", ["100 shots", "SPSA, 100 shots"])
def test_the_shots_of_a_training_are_those_that_a_device_is_asked_for(name):
    device = DenseDevice()
    energy = kg.function(shot_noise.circuit(), kg.expval(shot_noise.HAMILTONIAN), shots=10, device=device)
    training = shot_noise.trainings(steps=1)[name]._replace(shots=10)
    training.optimizer.minimize(energy, np.full(shot_noise.ANGLES, -0.4), steps=training.steps, seed=7)
    assert sum(device.sizes) * 10 == training.all_shots


def test_training_under_noise_lowers_the_energy_under_it_alone(tmp_path):
    energies = noisy_training.main(steps=100, pictures=tmp_path)
    noisy, from_ideal, ideal = energies.values()
    exact = 1 - 1 / math.sin(math.pi / 18)
    assert noisy[0] == pytest.approx(from_ideal[0])
    assert np.all(noisy[3:] < from_ideal[3:] - 0.02)
    assert np.all(ideal[3:] > ideal[0] + 0.002)
    assert np.all(ideal > exact)
    assert_has_picture(tmp_path, "noisy_training")


def test_depolarizing_beyond_repair_leaves_the_mean_of_all_energies():
    angles = np.random.default_rng(0).normal(size=(noisy_training.LAYERS + 1, noisy_training.SITES))
    energy = noisy_training.energy_function()(angles=angles, p=15 / 16)
    # Behind the last CX of each pair both qubits are mixed completely, and the trace of the Hamiltonian is zero.
    assert float(energy) == pytest.approx(0.0, abs=1e-12)


SHORT = {
    "vqe_h2": lambda folder: vqe_h2.main(3, folder),
    "vqe_ising_chain": lambda folder: vqe_ising_chain.main(2, 4, 2, 2, folder),
    "qaoa_maxcut": lambda folder: qaoa_maxcut.main((1,), 3, folder),
    "natural_gradient": lambda folder: natural_gradient.main(2, folder),
}


@pytest.mark.parametrize("name", SHORT)
def test_an_example_prints_the_same_on_every_backend(autodiff_backend, name, tmp_path, capsys, short_chain):
    SHORT[name](tmp_path)
    printed = capsys.readouterr().out
    with kg.use_backend("numpy"):
        SHORT[name](tmp_path)
    assert printed == capsys.readouterr().out
    assert f"example_{name}.png" in printed
