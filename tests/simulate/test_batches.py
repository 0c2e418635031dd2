"""Batches: leading axes of any number, broadcasting, and that they equal a loop and `kg.vmap`."""

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import play, probabilities, run

TOLERANCE = 1e-12
A, B = kg.parameters("a", (3,)), kg.parameters("b")
OBSERVABLE = kg.Z(2) @ kg.X(0) - 0.5 * kg.Y(1)
RANDOM = np.random.default_rng(5)


def program(a, b):
    """Return gates of every kind: rotations, a composite gate, a controlled one, a diagonal one, a constant one."""
    return [
        ("ry", (a[0],), (0,)),
        ("u", (a[1], b, 0.4), (1,)),
        ("cry", (a[2],), (0, 2)),
        ("rzz", (b,), (2, 1)),
        ("ry", (0.9,), (1,)),
        ("cp", (a[0],), (1, 0)),
        ("h", (), (2,)),
        ("rxx", (a[1],), (2, 0)),
    ]


def circuit():
    return play(kg.Circuit(3), program(A, B))


def reference(a, b):
    return run(program(a.tolist(), float(b)), 3)


def pair_program(a, b):
    """Return a small program, which frameworks that compile each operation get through quickly."""
    return [("ry", (a[0],), (0,)), ("cry", (a[2],), (0, 1)), ("rx", (b,), (1,))]


def pair():
    return play(kg.Circuit(2), pair_program(A, B))


def numbers(backend, found):
    return backend.to_numpy(found)


@pytest.mark.parametrize("batch", [(1,), (4,), (2, 3), (2, 1, 2)], ids=str)
def test_leading_axes_of_any_number_are_a_batch(batch):
    a, b = RANDOM.uniform(-3, 3, (*batch, 3)), RANDOM.uniform(-3, 3, batch)
    found = kg.function(circuit(), kg.state())(a, b)
    assert found.shape == (*batch, 8)
    for place in np.ndindex(batch):
        np.testing.assert_allclose(found[place], reference(a[place], b[place]), rtol=0, atol=TOLERANCE)


def test_a_batch_on_every_backend_equals_the_dense_reference_one_by_one(backend):
    a, b = RANDOM.uniform(-3, 3, (2, 2, 3)), RANDOM.uniform(-3, 3, (2, 2))
    states, marginals = kg.function(pair(), kg.state(), kg.probs([1, 0]))(backend.asarray(a), backend.asarray(b))
    assert (tuple(states.shape), tuple(marginals.shape)) == ((2, 2, 4), (2, 2, 4))
    for place in np.ndindex((2, 2)):
        expected = run(pair_program(a[place].tolist(), float(b[place])), 2)
        np.testing.assert_allclose(numbers(backend, states)[place], expected, rtol=0, atol=TOLERANCE)
        marginal = probabilities(expected, [1, 0])
        np.testing.assert_allclose(numbers(backend, marginals)[place], marginal, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("first", "second", "common"),
    [((4,), (), (4,)), ((), (4,), (4,)), ((3, 1), (2,), (3, 2)), ((2,), (3, 1), (3, 2)), ((1,), (1, 1), (1, 1))],
    ids=str,
)
def test_the_batches_of_two_arrays_broadcast(first, second, common):
    a, b = RANDOM.uniform(-3, 3, (*first, 3)), RANDOM.uniform(-3, 3, second)
    found = kg.function(circuit(), kg.state())(a, b)
    assert found.shape == (*common, 8)
    wide_a, wide_b = np.broadcast_to(a, (*common, 3)), np.broadcast_to(b, common)
    for place in np.ndindex(common):
        np.testing.assert_allclose(found[place], reference(wide_a[place], wide_b[place]), rtol=0, atol=TOLERANCE)


def test_every_measurement_has_the_batch_in_front(backend):
    a = backend.asarray(RANDOM.uniform(-3, 3, (2, 3)))
    results = kg.function(
        pair(), kg.expval(kg.Y(1)), kg.var(kg.Y(1)), kg.probs([1]), kg.state(), kg.density_matrix([1, 0]),
        kg.entropy([0]), kg.purity([1]), kg.expval(kg.Projector("10", [1, 0])),
    )(a, 0.3)  # fmt: skip
    shapes = [tuple(found.shape) for found in results]
    assert shapes == [(2,), (2,), (2, 2), (2, 4), (2, 4, 4), (2,), (2,), (2,)]
    alone = [kg.function(pair(), kg.density_matrix([1, 0]))(backend.take(a, row, axis=0), 0.3) for row in (0, 1)]
    np.testing.assert_allclose(
        numbers(backend, results[4]), np.stack([numbers(backend, found) for found in alone]), rtol=0, atol=TOLERANCE
    )


def test_a_batch_equals_the_loop_for_every_measurement():
    a = RANDOM.uniform(-3, 3, (3, 3))
    function = kg.function(
        circuit(), kg.expval(OBSERVABLE), kg.var(OBSERVABLE), kg.density_matrix([2, 0]), kg.entropy([1]),
        kg.mutual_info([0], [2]), kg.purity([2, 1]), kg.expval(kg.Hermitian([[1, 2j], [-2j, 3]], [1])),
        kg.var(kg.Projector("10", [2, 0])),
    )  # fmt: skip
    together, one_by_one = function(a, 0.3), [function(row, 0.3) for row in a]
    for found, *alone in zip(together, *one_by_one, strict=True):
        np.testing.assert_allclose(found, np.stack(alone), rtol=0, atol=TOLERANCE)


def rotations():
    """Return ⟨Z⟩ = cos(x + 2y)."""
    x, y = kg.parameters("x"), kg.parameters("y")
    return kg.function(kg.Circuit(1).rx(x, 0).rx(2 * y, 0), kg.expval(kg.Z(0)))


def test_a_batch_equals_vmap(backend):
    x, y = RANDOM.uniform(-3, 3, (2, 3))
    mapped = kg.vmap(lambda first, second: rotations()(first, second))(backend.asarray(x), backend.asarray(y))
    np.testing.assert_allclose(numbers(backend, mapped), np.cos(x + 2 * y), rtol=0, atol=TOLERANCE)
    together = rotations()(backend.asarray(x), backend.asarray(y))
    np.testing.assert_allclose(numbers(backend, together), np.cos(x + 2 * y), rtol=0, atol=TOLERANCE)


def test_vmap_over_a_function_that_has_a_batch_adds_an_axis(backend):
    x = RANDOM.uniform(-3, 3, (3, 2))
    mapped = kg.vmap(lambda row: rotations()(row, 0.3))(backend.asarray(x))
    assert tuple(mapped.shape) == (3, 2)
    np.testing.assert_allclose(numbers(backend, mapped), np.cos(x + 0.6), rtol=0, atol=TOLERANCE)


def test_the_gradient_of_a_batch_is_that_of_each_and_summed_for_what_was_broadcast(autodiff_backend):
    backend, weight = autodiff_backend, 0.4
    points = np.array([[0.1, 0.5, -0.9], [1.2, 0.0, 2.5]])

    def loss(x, y):
        return backend.sum(rotations()(x, y))

    evaluate = kg.value_and_grad(loss, argnums=(0, 1), fallback="error")
    value, (each, shared) = evaluate(backend.asarray(points), backend.asarray(weight))
    slope = -np.sin(points + 2 * weight)
    np.testing.assert_allclose(numbers(backend, value), np.cos(points + 2 * weight).sum(), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(numbers(backend, each), slope, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(numbers(backend, shared), 2 * slope.sum(), rtol=0, atol=TOLERANCE)


def test_a_batch_under_jit_is_the_same(autodiff_backend):
    backend, x = autodiff_backend, kg.parameters("x")
    energy = kg.function(kg.Circuit(1).rx(x, 0), kg.expval(kg.Z(0)))
    points = np.array([[0.1, 0.5], [-0.9, 2.0]])
    found = kg.jit(lambda values: energy(values))(backend.asarray(points))
    np.testing.assert_allclose(numbers(backend, found), np.cos(points), rtol=0, atol=TOLERANCE)


def test_a_native_number_in_a_gate_is_shared_by_the_whole_batch(autodiff_backend):
    backend, x = autodiff_backend, kg.parameters("x")
    points = np.array([0.1, 0.5, -0.9])

    def loss(angle):
        energy = kg.function(kg.Circuit(1).rx(x, 0).rx(angle, 0), kg.expval(kg.Z(0)))
        return backend.sum(energy(backend.asarray(points)))

    gradient = kg.grad(loss, fallback="error")(backend.asarray(0.4))
    np.testing.assert_allclose(numbers(backend, gradient), -np.sin(points + 0.4).sum(), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("batch", [(0,), (2, 0)], ids=str)
def test_an_empty_batch_gives_an_empty_result_or_a_sentence(batch):
    energy = kg.function(circuit(), kg.expval(OBSERVABLE))
    try:
        found = energy(np.zeros((*batch, 3)), 0.3)
    except kg.KetgradError:
        return
    assert found.shape == batch


def test_a_batch_too_large_for_the_machine_is_refused_before_it_is_made():
    x = kg.parameters("x")
    big = kg.Circuit(20).rx(x, 0)
    with pytest.raises(MemoryError, match=r"1000000 times 20 qubits in double precision need 1\.56e\+04 GiB"):
        kg.function(big, kg.expval(kg.Z(0)))(np.zeros(1_000_000))
