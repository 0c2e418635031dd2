"""Plans: what is merged, what runs together, and that tiles and threads change nothing."""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import GATES, expectation, play, run
from ketgrad.simulate.kernels import layout
from ketgrad.simulate.planning import schedule
from ketgrad.simulate.planning.tables import make_plan
from ketgrad.simulate.program import lower
from ketgrad.simulate.threads import num_threads

TERMS = {"X0 Y2": 0.7, "Y0 Z6": -0.4, "Z1 X3": 0.9, "Y5 Y6": 0.35, "Z1 Z3 Z5": 0.55}
NAMES = {layout.DENSE: "dense", layout.EXCHANGE: "exchange", layout.PERMUTE: "permute", layout.PHASES: "phases"}


@pytest.fixture
def small_tiles(monkeypatch):
    """Cut states of seven qubits in tiles of 2^5, of which only the lowest bit is always local."""
    monkeypatch.setattr(schedule, "TILE", 5)
    monkeypatch.setattr(schedule, "CONTIGUOUS", 1)
    make_plan.cache_clear()
    yield
    make_plan.cache_clear()


def steps_of(circuit):
    """Return the kinds of steps of each pass."""
    (segment,) = lower(circuit.operations, circuit.num_qubits, []).recipe.segments
    tables = segment.plan.tables
    return [
        [NAMES[int(row[layout.KIND])] for row in tables.steps[first : first + count]]
        for first, count, _ in tables.passes
    ]


def random_program(seed, count):
    rng = np.random.default_rng(seed)
    program = []
    for name in rng.choice(list(GATES), count):
        gate = GATES[str(name)]
        qubits = tuple(int(qubit) for qubit in rng.permutation(7)[: gate.qubits])
        program.append((str(name), tuple(rng.uniform(-3, 3, gate.angles).tolist()), qubits))
    return program


def test_neighbours_on_one_qubit_become_one_matrix():
    assert steps_of(kg.Circuit(1).ry(0.1, 0).rz(0.2, 0).h(0).x(0)) == [["dense"]]


def test_a_gate_between_keeps_neighbours_apart():
    assert steps_of(kg.Circuit(2).ry(0.1, 0).cx(1, 0).ry(0.2, 0)) == [["dense", "exchange", "dense"]]


def test_a_ring_of_cx_becomes_one_permutation():
    circuit = kg.Circuit(5)
    for qubit in range(5):
        circuit.cx(qubit, (qubit + 1) % 5)
    assert steps_of(circuit) == [["permute"]]


def test_diagonal_gates_run_together_past_controls_that_commute():
    circuit = kg.Circuit(4).rz(0.3, 0).cz(0, 1).cx(1, 3).rzz(0.2, 1, 2).cp(0.1, 0, 2).t(1).ccz(0, 1, 2)
    assert sorted(steps_of(circuit)[0]) == ["exchange", "phases"]


def test_a_diagonal_gate_does_not_pass_one_that_mixes_its_qubit():
    assert steps_of(kg.Circuit(2).cz(0, 1).h(1).cz(0, 1)) == [["phases", "dense", "phases"]]


def test_a_layer_on_twenty_qubits_takes_two_passes():
    circuit = kg.Circuit(20)
    for qubit in range(20):
        circuit.ry(0.1, qubit)
    assert [len(steps) for steps in steps_of(circuit)] == [14, 6]


def test_the_number_of_passes_does_not_depend_on_the_values():
    theta = kg.parameters("theta", (3, 16, 2))
    plans = [lower(kg.templates.hardware_efficient(theta).operations, 16, []).recipe.segments[0].plan for _ in range(2)]
    assert plans[0] is plans[1]


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("seed", range(12))
def test_a_state_in_tiles_is_that_of_the_reference(seed):
    program = random_program(seed, 40)
    circuit = play(kg.Circuit(7), program)
    assert len(steps_of(circuit)) > 2
    found = kg.function(circuit, kg.state(), engine="compiled")()
    np.testing.assert_allclose(found, run(program, 7), rtol=0, atol=1e-12)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("seed", range(6))
def test_a_gradient_in_tiles_is_that_of_central_differences_of_the_reference(seed):
    program = random_program(100 + seed, 30)
    theta, used, circuit = kg.parameters("theta", (99,)), 0, kg.Circuit(7)
    for name, values, qubits in program:
        circuit.append(name, [theta[used + index] for index in range(len(values))], qubits)
        used += len(values)
    angles = np.array([angle for _, values, _ in program for angle in values] + [0.0] * (99 - used))

    def expected(given):
        rest = iter(given)
        return expectation(TERMS, run([(name, tuple(next(rest) for _ in values), q) for name, values, q in program], 7))

    f = kg.function(circuit, kg.expval(kg.PauliSum(TERMS)), engine="compiled")
    gradient = kg.grad(f, fallback="error")(angles)
    steps = 1e-5 * np.eye(99)[:used]
    differences = [(expected(angles + step) - expected(angles - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(gradient[:used], differences, rtol=0, atol=1e-8)


@pytest.mark.usefixtures("small_tiles")
def test_controls_and_permutations_outside_a_tile_act_as_in_the_reference():
    # Qubit 0 is the highest bit; gates on 2 to 6 fill the tile first, so that 0 and 1 stay outside of it.
    inside = [("h", (), (qubit,)) for qubit in range(2, 7)]
    outside = [
        ("cx", (), (0, 4)),
        ("cx", (), (4, 2)),
        ("cx", (), (1, 3)),
        ("swap", (), (5, 6)),
        ("cry", (0.7,), (1, 5)),
    ]
    program = [("ry", (0.4,), (0,)), ("ry", (1.1,), (1,)), *inside, *outside, ("crx", (0.3,), (0, 6)), *inside]
    found = kg.function(play(kg.Circuit(7), program), kg.state(), engine="compiled")()
    np.testing.assert_allclose(found, run(program, 7), rtol=0, atol=1e-12)


@pytest.mark.parametrize("threads", ["2", "3"])
def test_threads_change_no_number_of_one_large_state(monkeypatch, threads):
    theta = kg.parameters("theta", (2, 17, 2))
    energy = kg.expval(kg.hamiltonians.transverse_field_ising(17))
    f = kg.value_and_grad(kg.function(kg.templates.hardware_efficient(theta), energy, engine="compiled"))
    angles = np.random.default_rng(5).uniform(-2, 2, (2, 17, 2))
    found = []
    for count in ("1", threads):
        monkeypatch.setenv("KETGRAD_NUM_THREADS", count)
        found.append(f(angles))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=0, atol=1e-11)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=0, atol=1e-12)


def test_threads_change_no_number_of_a_batch(monkeypatch):
    theta = kg.parameters("theta", (1, 9, 2))
    f = kg.function(kg.templates.hardware_efficient(theta), kg.probs([3]), kg.expval(kg.X(2)), engine="compiled")
    angles = np.random.default_rng(6).uniform(-2, 2, (300, 1, 9, 2))
    found = []
    for count in ("1", "3"):
        monkeypatch.setenv("KETGRAD_NUM_THREADS", count)
        found.append(f(angles))
    for alone, together in zip(*found, strict=True):
        np.testing.assert_array_equal(alone, together)


@pytest.mark.parametrize("text", ["0", "-2", "many"])
def test_a_number_of_threads_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("KETGRAD_NUM_THREADS", text)
    f = kg.function(kg.Circuit(16).h(0), kg.expval(kg.X(0)), engine="compiled")
    with pytest.raises(ValueError, match=f"KETGRAD_NUM_THREADS is '{text}'; give a number of threads, at least 1"):
        f()


@pytest.mark.parametrize("text", ["2", " 2 ", "2,3", "2, 1, 1"])
def test_the_first_of_the_numbers_of_threads_that_openmp_is_given_counts(monkeypatch, text):
    monkeypatch.delenv("KETGRAD_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert num_threads() == 2
