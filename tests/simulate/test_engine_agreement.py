"""Random circuits in both engines: values as those of a plain reference, gradients as those of the traced engine."""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import embed
from installed import AUTODIFF, installed_backends
from random_circuits import (
    amplitudes,
    build,
    dyadic,
    evolve,
    gradients,
    matrix_of,
    mixture,
    random_results,
    random_terms,
    random_weights,
    split,
)

TOLERANCE = {"double": 1e-12, "single": 1e-5}
REAL = {"double": "float64", "single": "float32"}
COMPLEX = {"double": "complex128", "single": "complex64"}
FRAMEWORKS = [name for name in installed_backends() if name in AUTODIFF and name != "numpy"]
"""Those that run a selection; the fuzz at large is over NumPy, and the kernels are the same."""


class Case:
    """A random circuit of n qubits, what to measure, and where to evaluate it."""

    def __init__(self, seed, n, count=40, precision="double"):
        self.rng, self.n, self.precision = np.random.default_rng([seed, n]), n, precision
        self.pieces = mixture(self.rng, n, count)
        self.results = random_results(self.rng, n)
        self.values = dyadic(self.rng, 7)
        self.circuit = build(n, self.pieces)

    def start(self, batch=()):
        return amplitudes(self.rng, (*batch, 2**self.n)).astype(COMPLEX[self.precision])

    def arguments(self):
        return [*split(self.values, REAL[self.precision]), self.start()]

    def function(self, engine, results=None):
        measurements = [result.measurement for result in results or self.results]
        made = kg.function(self.circuit, *measurements, engine=engine)
        return lambda a, b, *initial: made(a=a, b=b, **dict(zip(["initial_state"], initial, strict=False)))

    def expected(self, state=None, values=None):
        final = evolve(self.n, self.pieces, self.values if values is None else values, state)
        return [result.reference(final) for result in self.results]


def close(found, expected, tolerance, circuit, kind=None):
    """Compare lists of arrays one by one, and the type of what was found."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        one = np.asarray(one) if isinstance(one, np.ndarray | np.generic) else kg.get_backend().to_numpy(one)
        assert kind is None or one.dtype in (REAL[kind], COMPLEX[kind])
        assert one.shape == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance, err_msg=repr(circuit))


@pytest.mark.parametrize("seed", range(3))
def test_the_plain_reference_is_the_dense_one_on_few_qubits(seed):
    case = Case(seed, 4)
    state = np.eye(16)[0]
    for item in case.pieces:
        matrix = matrix_of(item, case.values)
        for bit in reversed(item.on):
            # The control is the most significant qubit of the larger matrix.
            blocks = (np.eye(len(matrix)), matrix)[:: 1 if bit == "1" else -1]
            matrix = np.kron(np.diag([1, 0]), blocks[0]) + np.kron(np.diag([0, 1]), blocks[1])
        state = embed(matrix, (*item.controls, *item.qubits), 4) @ state
    np.testing.assert_allclose(evolve(4, case.pieces, case.values), state, rtol=0, atol=1e-13)


def test_the_comparison_fails_for_a_small_difference():
    with pytest.raises(AssertionError):
        close([np.array([1.0, 2.0])], [np.array([1.0, 2.0 + 2e-12])], 1e-12, None)
    with pytest.raises(AssertionError):
        close([np.array(1.0)], [np.array([1.0])], 1e-12, None)


@pytest.mark.parametrize("n", range(1, 13))
@pytest.mark.parametrize("seed", range(8))
def test_every_result_of_a_random_circuit_is_that_of_the_reference(seed, n):
    case = Case(seed, n, 20 + 10 * seed)
    a, b, start = case.arguments()
    compiled = case.function("compiled")
    close(compiled(a, b), case.expected(), 1e-12, case.circuit, "double")
    close(compiled(a, b, start), case.expected(start), 1e-12, case.circuit, "double")


@pytest.mark.parametrize("n", range(1, 13))
@pytest.mark.parametrize("seed", range(5))
def test_gradients_by_parameters_and_initial_states_are_those_of_the_traced_engine(seed, n):
    case = Case(100 + seed, n)
    a, b, start = case.arguments()
    weights = random_weights(case.rng, case.function("traced")(a, b))
    found = [gradients(case.function(engine), (a, b, start), weights) for engine in ("compiled", "traced")]
    close(*found, 1e-12, case.circuit)
    assert np.abs(found[1][1]).max() > 1e-6


@pytest.mark.parametrize("n", range(1, 13))
@pytest.mark.parametrize("seed", range(3))
def test_gradients_of_expectation_values_alone_are_those_of_the_traced_engine(seed, n):
    case = Case(200 + seed, n)
    a, b, start = case.arguments()
    sums = [random_terms(case.rng, n, count, letters) for count, letters in ((8, "IXYZ"), (2, "Y"), (3, "IIIZ"))]
    measurements = [kg.expval(kg.PauliSum(terms)) for terms in (*sums, {"I0": 0.5})]
    weights = random_weights(case.rng, [np.zeros(())] * 4)
    found = []
    for engine in ("compiled", "traced"):
        f = kg.function(case.circuit, *measurements, engine=engine)
        together = gradients(lambda a, b, s, f=f: f(a=a, b=b, initial_state=s), (a, b, start), weights)
        g = kg.function(case.circuit, measurements[0], engine=engine)
        alone = gradients(lambda a, b, g=g: g(a=a, b=b), (a, b), weights[:1])
        found.append([*together, *alone])
    close(*found, 1e-12, case.circuit)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("seed", range(3))
def test_the_slope_in_a_direction_is_that_of_differences_of_the_reference(seed, n):
    case = Case(300 + seed, n, 25)
    direction, step = case.rng.normal(size=7), 1e-3
    direction /= np.abs(direction).sum()
    weights = random_weights(case.rng, case.function("compiled")(*split(case.values)))

    def loss(distance):
        results = case.expected(values=case.values + distance * direction)
        return sum(np.sum((weight * result).real) for weight, result in zip(weights, results, strict=True))

    value, *found = gradients(case.function("compiled"), split(case.values), weights)
    # The five-point stencil, whose error is h⁴/30 of the fifth derivative.
    slope = (8 * (loss(step) - loss(-step)) - loss(2 * step) + loss(-2 * step)) / (12 * step)
    np.testing.assert_allclose(value, loss(0.0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.r_[found[0].ravel(), found[1]] @ direction, slope, rtol=0, atol=2e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 9, 12])
@pytest.mark.parametrize("seed", range(3))
def test_single_precision_is_within_its_own_error(seed, n):
    with kg.use_precision("single"):
        case = Case(400 + seed, n, 25, "single")
        a, b, start = case.arguments()
        results = case.function("compiled")(a, b, start)
        close(results, case.expected(start.astype("complex128")), 1e-5, case.circuit, "single")
        weights = random_weights(case.rng, results, "float32")
        found = gradients(case.function("compiled"), (a, b, start), weights)
        alone = gradients(case.function("compiled", case.results[:1]), (a, b), weights[:1])
    traced = gradients(case.function("traced"), (*split(case.values), start.astype("complex128")), weights)
    exact = gradients(case.function("traced", case.results[:1]), split(case.values), weights[:1])
    scale = max(1.0, *(np.abs(array).max() for array in traced))
    close([*found, *alone], [*traced, *exact], 1e-5 * scale, case.circuit, "single")


BATCHES = {
    "all": ((3,), (3,), (3,)),
    "only a": ((2, 2), (), ()),
    "only b": ((), (3,), ()),
    "only the states": ((), (), (3,)),
    "crosswise": ((2, 1), (3,), ()),
    "states by b": ((), (2, 1), (3,)),
    "ones": ((1,), (1, 1), ()),
}


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_of_any_arguments_is_that_of_the_reference_one_by_one(name, n):
    case = Case(500, n, 30)
    shapes = BATCHES[name]
    batch = np.broadcast_shapes(*shapes)
    a, b, start = dyadic(case.rng, (*shapes[0], 2, 3)), dyadic(case.rng, shapes[1]), case.start(shapes[2])
    found = case.function("compiled")(a, b, start)
    wide_a, wide_b = np.broadcast_to(a, (*batch, 2, 3)), np.broadcast_to(b, batch)
    wide_start = np.broadcast_to(start, (*batch, 2**n))
    for place in np.ndindex(batch):
        expected = case.expected(wide_start[place], [*wide_a[place].ravel(), wide_b[place]])
        close([result[place] for result in found], expected, 1e-12, case.circuit, "double")
    weights = random_weights(case.rng, found)
    slopes = [gradients(case.function(engine), (a, b, start), weights) for engine in ("compiled", "traced")]
    close(*slopes, 1e-12, case.circuit)
    energy = [
        gradients(case.function(engine, case.results[:1]), (a, b, start), weights[:1])
        for engine in ("compiled", "traced")
    ]
    close(*energy, 1e-12, case.circuit)


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("n", [13, 14, 16])
def test_a_batch_of_states_of_several_tiles_is_that_of_the_reference(n, precision):
    with kg.use_precision(precision):
        case = Case(550, n, 25, precision)
        a, start = dyadic(case.rng, (2, 2, 3)).astype(REAL[precision]), case.start((2,))
        b = np.asarray(case.values[6], REAL[precision])
        found = case.function("compiled", case.results[:4])(a, b, start)
        weights = random_weights(case.rng, found, REAL[precision])
        slopes = gradients(case.function("compiled", case.results[:4]), (a, b, start), weights)
    wide = [a.astype("float64"), b.astype("float64"), start.astype("complex128")]
    for place in range(2):
        expected = case.expected(wide[2][place], [*wide[0][place].ravel(), b])[:4]
        close([result[place] for result in found], expected, TOLERANCE[precision], case.circuit, precision)
    exact = gradients(case.function("traced", case.results[:4]), wide, weights)
    close(slopes, exact, TOLERANCE[precision], case.circuit, precision)


def test_a_large_batch_of_small_circuits_is_that_of_the_reference():
    case = Case(560, 2, 20)
    values = dyadic(case.rng, (300, 7))
    found = case.function("compiled")(*split(values))
    for place, row in enumerate(values):
        close([result[place] for result in found], case.expected(values=row), 1e-12, case.circuit)


@pytest.mark.parametrize("n", [1, 2, 4, 7])
@pytest.mark.parametrize("index", [0, 2, 3, 6], ids=["expectation", "probabilities", "state", "entropy"])
def test_jacobians_are_those_of_the_traced_engine(index, n):
    case = Case(600, n, 30)
    a, b = split(case.values)
    found = [
        kg.jacobian(case.function(engine, [case.results[index]]), (0, 1), fallback="error")(a, b)
        for engine in ("compiled", "traced")
    ]
    # The entropy's derivative has the logarithm of small eigenvalues in it.
    close(*found, 1e-10 if index == 6 else 1e-12, case.circuit)


@pytest.mark.parametrize("backend_name", FRAMEWORKS)
@pytest.mark.parametrize(("seed", "n"), [(0, 1), (1, 2), (2, 4), (3, 7), (4, 12)])
def test_on_every_framework_values_and_gradients_are_those_of_the_reference_and_of_numpy(backend_name, seed, n):
    case = Case(700 + seed, n, 30)
    arguments = case.arguments()
    expected = case.expected(arguments[2])
    weights = random_weights(case.rng, [np.asarray(result) for result in expected])
    exact = gradients(case.function("traced"), arguments, weights)
    alone = gradients(case.function("traced", case.results[:1]), arguments[:2], weights[:1])
    with kg.use_backend(backend_name) as backend:
        compiled = case.function("compiled")
        close(compiled(*map(backend.asarray, arguments)), expected, 1e-12, case.circuit, "double")
        close(gradients(compiled, arguments, weights), exact, 1e-12, case.circuit, "double")
        energy = case.function("compiled", case.results[:1])
        close(gradients(energy, arguments[:2], weights[:1]), alone, 1e-12, case.circuit, "double")


@pytest.mark.parametrize("backend_name", FRAMEWORKS)
@pytest.mark.parametrize("name", ["all", "crosswise", "states by b"])
def test_on_every_framework_a_batch_is_that_of_numpy(backend_name, name):
    case = Case(800, 4, 30)
    shapes = BATCHES[name]
    arguments = [dyadic(case.rng, (*shapes[0], 2, 3)), dyadic(case.rng, shapes[1]), case.start(shapes[2])]
    some = case.results[:3]
    weights = random_weights(case.rng, case.function("traced", some)(*arguments))
    exact = gradients(case.function("traced", some), arguments, weights)
    with kg.use_backend(backend_name):
        close(gradients(case.function("compiled", some), arguments, weights), exact, 1e-12, case.circuit, "double")


@pytest.mark.parametrize("backend_name", FRAMEWORKS)
@pytest.mark.parametrize("n", [2, 6])
def test_on_every_framework_single_precision_is_within_its_own_error(backend_name, n):
    case = Case(900, n, 20)
    a, b, start = case.arguments()
    weights = random_weights(case.rng, case.function("traced", case.results[:4])(a, b))
    exact = gradients(case.function("traced", case.results[:4]), (a, b, start), weights)
    narrow = [array.astype(COMPLEX["single"] if np.iscomplexobj(array) else "float32") for array in weights]
    with kg.use_precision("single"), kg.use_backend(backend_name):
        given = [*split(case.values, "float32"), start.astype("complex64")]
        found = gradients(case.function("compiled", case.results[:4]), given, narrow)
        close(found, exact, 1e-5, case.circuit, "single")


def test_a_batch_by_vmap_and_by_jit_is_that_of_the_reference(autodiff_backend):
    case = Case(1000, 3, 20)
    values = dyadic(case.rng, (3, 7))
    a, b = map(autodiff_backend.asarray, split(values))
    energy = case.function("compiled", case.results[:1])
    expected = [case.expected(values=row)[0] for row in values]
    for f in (kg.vmap(energy), kg.jit(energy), kg.jit(kg.vmap(energy))):
        close([f(a, b)], [expected], 1e-12, case.circuit)
