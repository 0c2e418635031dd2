"""Steps of optimizers that look at numbers, inside of functions that have none: refused, with what to do instead."""

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.errors import UntraceableError
from optimizer_checks import check_same_path, two_qubit_energy

START = [0.1, 0.2, 0.3]
SENTENCE = (
    "a step of {} looks at numbers, which traced arrays have none of; take it outside of jit and vmap, and compile"
)


def by_gates(x, gates):
    circuit = kg.Circuit(1)
    for place, gate in enumerate(gates):
        getattr(circuit, gate)(kg.backend.take(x, place, axis=0), 0)
    return circuit.expectation(kg.Z(0))


def without_parameters():
    return kg.function(kg.Circuit(1).ry(0.3, 0), kg.expval(kg.X(0)))


OPTIMIZERS = {
    "SPSA": (kg.optimize.SPSA(), two_qubit_energy()),
    "QNSPSA": (kg.optimize.QNSPSA(), two_qubit_energy()),
    "Rotosolve": (kg.optimize.Rotosolve(), two_qubit_energy()),
    "Rotoselect": (kg.optimize.Rotoselect(), by_gates),
    "ICANS": (kg.optimize.ICANS(), two_qubit_energy(shots=10)),
    "RiemannianGradientFlow": (kg.optimize.RiemannianGradientFlow(), without_parameters()),
    "AdaptVQE": (kg.optimize.AdaptVQE(["Y0"]), without_parameters()),
}


def beginning(optimizer, f):
    problem = kg.optimize.Problem.of(f)
    x = optimizer.first_parameters(problem, None if optimizer.grows else START)
    return problem, x, optimizer.start(problem, x)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_in_a_compiled_function_of_jax_is_told_what_to_compile(name):
    jax = pytest.importorskip("jax")
    optimizer, f = OPTIMIZERS[name]
    with kg.use_backend("jax"):
        problem, x, state = beginning(optimizer, f)
        with pytest.raises(UntraceableError, match=SENTENCE.format(name)):
            jax.jit(lambda x: optimizer.advance(problem, x, state).x)(x)
        with pytest.raises(UntraceableError, match=SENTENCE.format(name)):
            jax.vmap(lambda x: optimizer.advance(problem, x, state).x)(jax.numpy.stack([x, x]))


@pytest.mark.parametrize("name", ["SPSA", "QNSPSA", "ICANS"])
def test_a_step_from_a_state_that_is_traced_is_told_too(name):
    jax = pytest.importorskip("jax")
    optimizer, f = OPTIMIZERS[name]
    with kg.use_backend("jax"):
        problem, x, state = beginning(optimizer, f)
        with pytest.raises(UntraceableError, match=SENTENCE.format(name)):
            jax.jit(lambda state: optimizer.advance(problem, x, state).x)(state)


@pytest.mark.parametrize("name", ["SPSA", "Rotosolve"])
def test_a_step_in_a_graph_of_tensorflow_is_told_what_to_compile(name):
    tensorflow = pytest.importorskip("tensorflow")
    optimizer, f = OPTIMIZERS[name]
    with kg.use_backend("tensorflow"):
        problem, x, state = beginning(optimizer, f)
        with pytest.raises(UntraceableError, match=SENTENCE.format(name)):
            tensorflow.function(lambda x: optimizer.advance(problem, x, state).x, autograph=False)(x)


def test_the_function_itself_is_compiled(autodiff_backend):
    energy = two_qubit_energy()
    result = check_same_path(
        autodiff_backend, lambda: kg.optimize.SPSA(seed=7).minimize(kg.jit(energy), START, steps=3)
    )
    plain = kg.optimize.SPSA(seed=7).minimize(energy, START, steps=3)
    np.testing.assert_allclose(result.history, plain.history, rtol=0, atol=1e-12)
