"""The table of gradient methods: each cell is checked against a closed form, or raises and names what works instead."""

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

import ketgrad as kg
from dense_reference import gradient, hessian
from gradient_table import (
    AUXILIARY,
    DIFFERENCES,
    DIRECTIONS,
    DOCUMENT,
    EXACT,
    NAMES,
    SCORE_FUNCTION,
    SHOTS,
    TABLE,
    Refused,
    column_of,
    written,
)
from ketgrad_conformance import expect
from two_qubit_results import (
    CIRCUIT,
    NUMBERS,
    POINT,
    RESULTS,
    SHIFT_SQUARES,
    SUM_MATRIX,
    WORD_SQUARES,
    Result,
    state_of,
)

SEED = 7
COUNTS = {
    "best": 20_000,
    "parameter-shift": 20_000,
    "hadamard": 20_000,
    AUXILIARY: 20_000,
    "finite-diff": 100_000,
    "spsa": 1000,
}
"""Shots by method: differences divide by twice a step of 0.1, which makes their noise seven times that of shifts."""
DIRECTIONS_TAKEN = 1000
STEP_WITH_SHOTS = 0.1
ERRORS = 5
SIGNS = np.array(list(product([1, -1], repeat=len(NUMBERS))))
"""Every direction that SPSA can take in the numbers of the gates."""

CELLS = [
    (result, method, mode)
    for result, modes in TABLE.items()
    for mode, cells in zip(("exact", "shots"), modes, strict=True)
    for method in (*cells, AUXILIARY)
]


TOLERANCES = {EXACT: 1e-12, DIFFERENCES: 1e-8}


def entry(result: str, method: Any, mode: str) -> Any:
    return TABLE[result][mode == "shots"][column_of(method)]


SUPPORTED = [cell for cell in CELLS if not isinstance(entry(*cell), Refused)]
REFUSED = [cell for cell in CELLS if cell not in SUPPORTED]


def function_of(result: str, method: Any, mode: str) -> Any:
    """Return the function of a cell, its method with many directions where it takes random ones."""
    shots = COUNTS.get(method, 1000) if mode == "shots" else None
    needs_seed = shots is not None or method == "spsa"
    chosen = kg.gradients.SPSA(directions=DIRECTIONS_TAKEN) if method == "spsa" else method
    return kg.function(
        CIRCUIT, RESULTS[result].measurement, gradient=chosen, shots=shots, seed=SEED if needs_seed else None
    )


def number_of(backend: Any, result: str, function: Any) -> Callable[[Any], Any]:
    """Return a function that can be asked for its Jacobian: of samples and counts, what a user computes from them."""
    if result == "samples":
        return lambda w: backend.sum(backend.astype(function(w), "float64"), axis=0)
    if result == "counts":
        return lambda w: function(w)["00"] / 1000
    return function


@cache
def derivative(backend: Any, result: str, method: Any, mode: str) -> Any:
    """Return the Jacobian of a cell as a native array; once, for the tests that look at it."""
    function = function_of(result, method, mode)
    return kg.jacobian(number_of(backend, result, function), fallback="error")(backend.asarray(POINT))


def name_of(cell: tuple[str, Any, str]) -> str:
    return ", ".join(map(str, cell))


# The table is whole


def test_the_table_has_a_row_for_every_measurement():
    kinds = {type(result.measurement) for result in RESULTS.values()}
    assert set(TABLE) == set(RESULTS)
    assert kinds == set(kg.measurements.Measurement.__subclasses__())


@pytest.mark.parametrize("result", TABLE)
def test_each_row_has_a_cell_for_every_method(result):
    for cells in TABLE[result]:
        assert set(cells) == set(NAMES)


@pytest.mark.parametrize("cell", REFUSED, ids=name_of)
def test_what_a_refusal_names_instead_is_supported(cell):
    found = entry(*cell)
    if found.instead == SCORE_FUNCTION:
        assert cell[0] in ("samples", "counts")  # test_score_function.py has its tests
    else:
        assert not isinstance(entry(cell[0], found.instead, "exact" if found.exactly else "shots"), Refused)


def test_the_page_has_this_table():
    page = DOCUMENT.read_text()
    assert page == written(page), "docs/gradients.md is stale: run python tests/gradient_table.py --write-docs"


@pytest.mark.parametrize("result", RESULTS)
def test_closed_forms_are_what_dense_matrices_give(result):
    expected = RESULTS[result]
    expect.near(expected.value(), expected.of_numbers(NUMBERS @ np.array(POINT)), 1e-14)
    expect.near(expected.derivative(), expected.finite_differences(), 1e-11)


# Its cells


@pytest.mark.parametrize("cell", [cell for cell in SUPPORTED if entry(*cell) in TOLERANCES], ids=name_of)
def test_a_derivative_is_that_of_the_closed_form(autodiff_backend, cell):
    found, expected = derivative(autodiff_backend, *cell), RESULTS[cell[0]].derivative()
    dtype = "complex128" if np.iscomplexobj(expected) else "float64"
    expect.close(autodiff_backend, found, expected.tolist(), dtype=dtype, tolerance=TOLERANCES[entry(*cell)])


@pytest.mark.parametrize("cell", [cell for cell in SUPPORTED if entry(*cell) in (DIRECTIONS, SHOTS)], ids=name_of)
def test_an_estimate_is_within_five_standard_errors(autodiff_backend, cell):
    found = derivative(autodiff_backend, *cell)
    mean, error = estimator(*cell)
    assert autodiff_backend.is_array(found)
    assert np.all(np.abs(autodiff_backend.to_numpy(found) - mean) <= ERRORS * error)


@pytest.mark.parametrize("cell", SUPPORTED, ids=name_of)
def test_no_supported_cell_is_zero_where_finite_differences_are_not(autodiff_backend, cell):
    found = autodiff_backend.to_numpy(derivative(autodiff_backend, *cell))
    expected = RESULTS[cell[0]].finite_differences()
    assert np.all(np.abs(expected) > 0.01)
    assert np.all(np.abs(found) > 1e-6)


@pytest.mark.parametrize("cell", REFUSED, ids=name_of)
def test_a_refused_cell_raises_and_names_what_works(autodiff_backend, cell):
    refused = entry(*cell)
    with pytest.raises(kg.KetgradError, match=refused.sentence) as caught:
        derivative(autodiff_backend, *cell)
    assert refused.instead in str(caught.value)


@pytest.mark.filterwarnings("ignore::ketgrad.GradientFallbackWarning")
@pytest.mark.parametrize("cell", [cell for cell in REFUSED if cell[0] in ("samples", "counts")], ids=name_of)
def test_finite_differences_never_stand_in_for_those_of_samples(autodiff_backend, cell):
    with pytest.raises(kg.KetgradError, match=r"score_function|with shots give"):
        kg.jacobian(number_of(autodiff_backend, cell[0], function_of(*cell)))(autodiff_backend.asarray(POINT))


SECOND = {
    "best": 1e-8,
    "backprop": 1e-8,
    "adjoint": Refused("has no second derivative; use", "backprop"),
    "parameter-shift": 1e-8,
    "hadamard": 1e-8,
    "finite-diff": 1e-4,
    "spsa": None,
}
"""What second derivatives agree to with dense matrices; those of few random directions do not, but are not zero."""


@pytest.mark.parametrize("method", [name for name in NAMES if not isinstance(SECOND[name], Refused)])
def test_second_derivatives_are_those_of_dense_matrices_and_not_zero(autodiff_backend, method):
    expected = RESULTS["expectation of a Pauli sum"]
    found = autodiff_backend.to_numpy(second_derivative(autodiff_backend, method))
    assert np.all(np.abs(found) > 1e-6)
    if SECOND[method] is not None:
        by_dense = hessian(lambda w: expected.of_numbers(NUMBERS @ w), POINT)
        np.testing.assert_allclose(found, by_dense, rtol=0, atol=SECOND[method])


@pytest.mark.parametrize("method", [name for name in NAMES if isinstance(SECOND[name], Refused)])
def test_a_method_without_second_derivatives_says_so(autodiff_backend, method):
    with pytest.raises(kg.KetgradError, match=SECOND[method].sentence) as caught:
        second_derivative(autodiff_backend, method)
    assert SECOND[method].instead in str(caught.value)


def second_derivative(backend: Any, method: str) -> Any:
    chosen, seed = (kg.gradients.SPSA(directions=10), SEED) if method == "spsa" else (method, None)
    function = kg.function(CIRCUIT, RESULTS["expectation of a Pauli sum"].measurement, gradient=chosen, seed=seed)
    return kg.hessian(function, fallback="error")(backend.asarray(POINT))


# What an estimate is, by dense matrices


def estimator(result: str, method: Any, mode: str) -> tuple[Any, Any]:
    """Return the expectation value of an estimated Jacobian and a bound on its standard error, of shape (..., 2)."""
    expected = RESULTS[result]
    if mode == "exact":
        return of_directions(expected)
    mean, squared_error = {
        "best": of_shifts,
        "parameter-shift": of_shifts,
        "hadamard": of_words,
        AUXILIARY: of_signed_words,
        "finite-diff": of_differences,
        "spsa": of_directions_from_shots,
    }[method](expected, COUNTS[method])
    return mean, np.sqrt(squared_error + error_of_mean(expected, COUNTS[method]))


def of_directions(expected: Result) -> tuple[Any, Any]:
    """The mean over directions s of (g·s)(Ms), for the gradient g by the numbers of the gates: g M, exactly."""
    slopes = np.tensordot(gradient_by_numbers(expected), SIGNS, axes=(-1, 1))
    each = slopes[..., None] * (SIGNS @ NUMBERS)
    return expected.derivative(), np.std(each, axis=-2) / np.sqrt(DIRECTIONS_TAKEN)


def of_shifts(expected: Result, shots: int) -> tuple[Any, Any]:
    error = spread(expected) ** 2 * (SHIFT_SQUARES @ NUMBERS**2) / shots
    return expected.derivative(), error


def of_words(expected: Result, shots: int) -> tuple[Any, Any]:
    error = spread(expected) ** 2 * (WORD_SQUARES @ NUMBERS**2) / shots
    return expected.derivative(), error


def of_signed_words(expected: Result, shots: int) -> tuple[Any, Any]:
    """Of shots that count with a sign, the spread is that about zero; a weight is 2w where two values have ±w."""
    matrix, size = observable(expected), 1.0
    if matrix is not None:
        # The mean of a sum's identity takes no shots.
        constant = np.trace(matrix) / len(matrix) if expected.matrix is SUM_MATRIX else 0.0
        size = float(np.max(np.abs(np.linalg.eigvalsh(matrix) - constant)))
    return expected.derivative(), 2 * size**2 * (WORD_SQUARES @ NUMBERS**2) / shots


def of_differences(expected: Result, shots: int) -> tuple[Any, Any]:
    steps = STEP_WITH_SHOTS * np.eye(len(NUMBERS))
    mean = np.stack([quotient(expected, step) for step in steps], axis=-1) @ NUMBERS
    noise = 2 * spread(expected) ** 2 / (2 * STEP_WITH_SHOTS) ** 2 / shots
    return mean, noise * np.sum(NUMBERS**2, axis=0)


def of_directions_from_shots(expected: Result, shots: int) -> tuple[Any, Any]:
    slopes = np.stack([quotient(expected, STEP_WITH_SHOTS * signs) for signs in SIGNS], axis=-1)
    each = slopes[..., None] * (SIGNS @ NUMBERS)
    noise = 2 * spread(expected) ** 2 / (2 * STEP_WITH_SHOTS) ** 2 / shots
    squared_error = np.var(each, axis=-2) + noise * np.sum(NUMBERS**2, axis=0)
    return np.mean(each, axis=-2), squared_error / DIRECTIONS_TAKEN


def gradient_by_numbers(expected: Result) -> Any:
    return gradient(expected.of_numbers, NUMBERS @ np.array(POINT))


def quotient(expected: Result, step: Any) -> Any:
    """Return the difference quotient of what is measured, along a step of which each number takes ±0.1 or nothing."""
    measured, centre = linearised(expected), NUMBERS @ np.array(POINT)
    return (measured(centre + step) - measured(centre - step)) / (2 * STEP_WITH_SHOTS)


def linearised(expected: Result) -> Callable[[Any], Any]:
    """Return a variance as the mean of A² − 2⟨A⟩A, with ⟨A⟩ held: by that its gradient is taken from shots."""
    if not is_variance(expected):
        return expected.of_numbers
    return lambda numbers: mean_of(observable(expected), state_of(numbers))


def observable(expected: Result) -> Any:
    matrix = expected.matrix
    if not is_variance(expected):
        return matrix
    return matrix @ matrix - 2 * mean_here(matrix) * matrix


def spread(expected: Result) -> float:
    """Return half the range of what a shot can find, above which no standard deviation is (Popoviciu)."""
    if expected.matrix is None:
        return 0.5  # of the indicator of an outcome
    return float(np.ptp(np.linalg.eigvalsh(observable(expected)))) / 2


def error_of_mean(expected: Result, shots: int) -> Any:
    """Return the squared error that comes from that of ⟨A⟩ in the derivative −2⟨A⟩ ∂⟨A⟩ of a variance."""
    if not is_variance(expected):
        return 0.0
    matrix = expected.matrix
    own = Result(None, expected.closed_form, lambda state: mean_of(matrix, state))
    deviation = np.ptp(np.linalg.eigvalsh(matrix)) / 2
    return (2 * own.finite_differences() * deviation) ** 2 / shots


def is_variance(expected: Result) -> bool:
    return isinstance(expected.measurement, kg.var)


def mean_of(matrix: Any, state: Any) -> float:
    return float((state.conj() @ matrix @ state).real)


def mean_here(matrix: Any) -> float:
    return mean_of(matrix, state_of(NUMBERS @ np.array(POINT)))
