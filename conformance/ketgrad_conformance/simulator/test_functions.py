"""`kg.function`: symbols, batches, several results, initial states and shots; values and gradients by hand."""

from __future__ import annotations

import math

import pytest

import ketgrad as kg
from ketgrad.precision import real_type
from ketgrad.protocol import Array, ArrayBackend
from ketgrad_conformance import expect
from ketgrad_conformance.capabilities import requires

ANGLES = [[0.1, 0.2], [0.3, -0.4], [1.5, 2.5]]


def product_of_cosines() -> kg.CircuitFunction:
    """Return ⟨Z₀Z₁⟩ = cos(a₀)·cos(2a₁ + 0.1)."""
    a = kg.parameters("a", (2,))
    return kg.function(kg.Circuit(2).rx(a[0], 0).ry(2 * a[1] + 0.1, 1), kg.expval(kg.Z(0) @ kg.Z(1)))


def by_hand(first: float, second: float) -> float:
    return math.cos(first) * math.cos(2 * second + 0.1)


@pytest.mark.usefixtures("precision")
def test_a_function_of_symbols_takes_a_batch(backend: ArrayBackend) -> None:
    expect.close(backend, product_of_cosines()(backend.asarray(ANGLES)), [by_hand(*row) for row in ANGLES])


def test_two_batch_axes_stay_in_front(backend: ArrayBackend) -> None:
    values = backend.reshape(backend.asarray([*ANGLES, *ANGLES]), (2, 3, 2))
    expect.close(backend, product_of_cosines()(values), [[by_hand(*row) for row in ANGLES]] * 2)


@requires("vmap")
def test_a_mapped_function_gives_what_a_batch_gives(backend: ArrayBackend) -> None:
    expect.close(backend, kg.vmap(product_of_cosines())(backend.asarray(ANGLES)), [by_hand(*row) for row in ANGLES])


@requires("jit")
def test_a_function_is_compiled(backend: ArrayBackend) -> None:
    compiled = kg.jit(product_of_cosines())
    expect.close(backend, compiled(backend.asarray(ANGLES[0])), by_hand(*ANGLES[0]))
    expect.close(backend, compiled(backend.asarray(ANGLES[1])), by_hand(*ANGLES[1]))


@requires("autodiff")
def test_a_batch_is_differentiated(backend: ArrayBackend) -> None:
    gradients = [
        [-math.sin(first) * math.cos(2 * second + 0.1), -2 * math.cos(first) * math.sin(2 * second + 0.1)]
        for first, second in ANGLES
    ]
    expect.pullback(
        backend, product_of_cosines(), [backend.asarray(ANGLES)], [by_hand(*row) for row in ANGLES], [1.0] * 3,
        [gradients], dtype=real_type(),
    )  # fmt: skip


def test_several_results_come_as_a_tuple(backend: ArrayBackend) -> None:
    a = kg.parameters("a")
    f = kg.function(kg.Circuit(1).ry(a, 0), kg.expval(kg.X(0)), kg.probs([0]), kg.purity([0]))
    value, probabilities, purity = f(backend.asarray(0.7))
    expect.close(backend, value, math.sin(0.7))
    expect.close(backend, probabilities, [math.cos(0.35) ** 2, math.sin(0.35) ** 2])
    expect.close(backend, purity, 1.0)


def test_initial_states_are_normalised_and_batched(backend: ArrayBackend) -> None:
    a = kg.parameters("a")
    f = kg.function(kg.Circuit(1).rx(a, 0), kg.expval(kg.Z(0)))
    starts = backend.asarray([[2.0, 0.0], [0.0, 5.0]])
    expect.close(backend, f(backend.asarray(0.7), initial_state=starts), [math.cos(0.7), -math.cos(0.7)])


@requires("autodiff")
def test_prepared_amplitudes_are_differentiated_with_their_norm(backend: ArrayBackend) -> None:
    # ⟨Z⟩ = (x² − y²)/(x² + y²) at (0.6, 0.8), whose norm happens to be 1.
    a = kg.parameters("a", (2,))
    f = kg.function(kg.Circuit(1).prepare(a), kg.expval(kg.Z(0)))
    expect.pullback(
        backend, f, [backend.asarray([0.6, 0.8])], -0.28, 1.0, [[4 * 0.6 * 0.64, -4 * 0.8 * 0.36]], dtype=real_type()
    )


def test_shots_of_a_seed_are_those_of_philox(backend: ArrayBackend) -> None:
    # With the chance 0.6 of a 1, and the first uniform numbers of seed 7, see test_results.py.
    f = kg.function(kg.Circuit(1).ry(2 * math.asin(math.sqrt(0.6)), 0), kg.expval(kg.Z(0)), shots=8, seed=7)
    expect.close(backend, f(), 0.0)
    estimate = f.estimate()
    expect.close(backend, estimate.value, 0.0)
    expect.close(backend, estimate.standard_error, math.sqrt(1.0 / 7.0))


@requires("autodiff")
def test_a_gradient_through_an_estimate_from_shots_is_refused_and_never_zero(backend: ArrayBackend) -> None:
    a = kg.parameters("a")
    f = kg.function(kg.Circuit(1).rx(a, 0), kg.expval(kg.Z(0)), shots=100, seed=7)
    with expect.refusal(kg.GradientError, "shots"):
        _, _, pull = backend.vjp(lambda x: (f.estimate(x).value, None), [backend.asarray(0.3)])
        pull(backend.asarray(1.0))


@requires("autodiff")
@pytest.mark.parametrize("method", ["parameter-shift", "hadamard"])
def test_a_gradient_from_shots_is_that_of_shots_at_other_angles(backend: ArrayBackend, method: str) -> None:
    a = kg.parameters("a")
    f = kg.function(kg.Circuit(1).rx(a, 0), kg.expval(kg.Z(0)), gradient=method, shots=4, seed=7)
    # cos(π/2 ± π/2) is ∓1, which every shot finds.
    _, _, pull = backend.vjp(lambda x: (f(x), None), [backend.asarray(math.pi / 2)])
    (gradient,) = pull(backend.asarray(1.0))
    expect.close(backend, gradient, -1.0)


@requires("autodiff")
def test_coefficients_are_differentiated_through_shots(backend: ArrayBackend) -> None:
    def energy(weight: Array) -> Array:
        return kg.function(kg.Circuit(1).x(0), kg.expval(weight * kg.Z(0)), shots=10, seed=7)()

    expect.pullback(backend, energy, [backend.asarray(0.5)], -0.5, 1.0, [-1.0], dtype=real_type())
