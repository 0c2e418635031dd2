"""What expectation values are differentiated by: each cell of the table has a closed form's derivative, or raises."""

from collections.abc import Callable
from functools import cache
from math import cos, sin, sqrt
from typing import Any, NamedTuple

import pytest

import ketgrad as kg
from gradient_table import AUXILIARY, INPUTS, NAMES, SHOTS, Refused, column_of
from ketgrad_conformance import expect

POINT, FIRST, SEED = 0.6, 0.8, 7
"""The value of what is differentiated by, and the angle of a rotation about Y beside it."""
X = kg.parameters("x")
SHIFT_SHOTS, DIFFERENCE_SHOTS = 20_000, 500_000
NOISE = {
    # Five standard errors of values between −1 and 1: coefficients of at most (1, −1), and (5, −5) of differences, and
    # of 1, or of 1/2 twice, for the values of an auxiliary qubit.
    "best": 5 * sqrt(2 / SHIFT_SHOTS),
    "parameter-shift": 5 * sqrt(2 / SHIFT_SHOTS),
    "hadamard": 5 * sqrt(2 / SHIFT_SHOTS),
    AUXILIARY: 5 * sqrt(1 / SHIFT_SHOTS),
    "finite-diff": 5 * sqrt(50 / DIFFERENCE_SHOTS),
    "spsa": 5 * sqrt(50 / DIFFERENCE_SHOTS),
}
TRUNCATION = 0.1**2 / 6
"""What differences with a step of 0.1 err by, times a third derivative of at most 1."""


class Input(NamedTuple):
    """A function of x that depends on it in one way, and its derivative."""

    function: Callable[..., Callable[[Any], Any]]
    """Takes the options of `kg.function`."""
    slope: float


def symbolic(circuit, qubit=0):
    return lambda **options: kg.function(circuit, kg.expval(kg.Z(qubit)), **options)


def turned(**options):
    """Return a function that takes the measurement and gives its value after ry(0.8) on |0⟩."""
    return lambda measurement: kg.function(kg.Circuit(1).ry(FIRST, 0), measurement, **options)()


def of(entries):
    """Return a matrix, or a vector, of numbers of the backend."""
    backend = kg.backend
    return backend.stack([of(entry) if isinstance(entry, list) else backend.asarray(entry) for entry in entries])


def rotation(x):
    return of([[kg.backend.cos(x), -kg.backend.sin(x)], [kg.backend.sin(x), kg.backend.cos(x)]])


def vector(x):
    return of([kg.backend.cos(x), kg.backend.sin(x)])


def after(begin):
    """Return a function whose circuit begins with what `begin(circuit, x)` puts there."""

    def with_options(**options):
        return lambda x: kg.function(begin(kg.Circuit(1), x).ry(FIRST, 0), kg.expval(kg.Z(0)), **options)()

    return with_options


def from_initial_state(**options):
    function = kg.function(kg.Circuit(1).ry(FIRST, 0), kg.expval(kg.Z(0)), **options)
    return lambda x: function(initial_state=vector(x))


def through_kraus_matrices(**options):
    def value(x):
        backend = kg.backend
        matrices = [of([[1.0, 0.0], [0 * x, backend.cos(x)]]), of([[0.0, backend.sin(x)], [0 * x, 0 * x]])]
        return kg.function(kg.Circuit(1).ry(FIRST, 0).kraus(matrices, [0]), kg.expval(kg.Z(0)), **options)()

    return value


TURN = -2 * sin(2 * POINT + FIRST)  # of ⟨Z⟩ = cos(2x + 0.8), for (cos x, sin x) is ry(2x) on |0⟩

CASES = {
    "angle": Input(symbolic(kg.Circuit(1).ry(X, 0)), -sin(POINT)),
    "angle of a controlled rotation": Input(
        symbolic(kg.Circuit(2).ry(FIRST, 0).cry(X, 0, 1), 1), -(sin(FIRST / 2) ** 2) * sin(POINT)
    ),
    # ⟨Z⟩ shrinks by 1 − 4p/3, its distance from 1 by 1 − γ, and misread outcomes of 0 take 2 p01 cos² 0.4 from it.
    "probability of depolarizing": Input(symbolic(kg.Circuit(1).ry(FIRST, 0).depolarizing(X, 0)), -4 / 3 * cos(FIRST)),
    "strength of damping": Input(symbolic(kg.Circuit(1).ry(FIRST, 0).amplitude_damping(X, 0)), 2 * sin(FIRST / 2) ** 2),
    "error of reading": Input(symbolic(kg.Circuit(1).ry(FIRST, 0).readout_error(X, 0.1, 0)), -2 * cos(FIRST / 2) ** 2),
    "coefficient of an observable": Input(
        lambda **options: lambda x: turned(**options)(kg.expval(x * kg.Z(0))), cos(FIRST)
    ),
    "matrix of an observable": Input(
        lambda **options: lambda x: turned(**options)(kg.expval(kg.Hermitian(of([[x, 0 * x], [0 * x, -x]]), [0]))),
        cos(FIRST),
    ),
    "target of a fidelity": Input(
        lambda **options: lambda x: turned(**options)(kg.fidelity(vector(x), [0])), -sin(2 * POINT - FIRST)
    ),
    "initial state": Input(from_initial_state, TURN),
    "prepared amplitudes": Input(after(lambda circuit, x: circuit.prepare(vector(x), [0])), TURN),
    "unitary matrix": Input(after(lambda circuit, x: circuit.unitary(rotation(x), [0])), TURN),
    # Damping of strength sin² x.
    "Kraus matrices": Input(through_kraus_matrices, 2 * sin(FIRST / 2) ** 2 * sin(2 * POINT)),
}

CELLS = [
    (name, method, mode)
    for name, modes in INPUTS.items()
    for mode, cells in zip(("exact", "shots"), modes, strict=True)
    for method in (*cells, AUXILIARY)
]


def entry(name, method, mode):
    return INPUTS[name][mode == "shots"][column_of(method)]


SUPPORTED = [cell for cell in CELLS if not isinstance(entry(*cell), Refused)]
REFUSED = [cell for cell in CELLS if cell not in SUPPORTED]


def options_of(method, mode):
    if mode == "exact":
        return {"gradient": method, "seed": SEED} if method == "spsa" else {"gradient": method}
    shots = DIFFERENCE_SHOTS if method in ("finite-diff", "spsa") else SHIFT_SHOTS
    return {"gradient": method, "shots": shots, "seed": SEED}


@cache
def derivative(backend, name, method, mode):
    function = CASES[name].function(**options_of(method, mode))
    return kg.grad(function, fallback="error")(backend.asarray(POINT))


def name_of(cell):
    return ", ".join(map(str, cell))


def test_the_table_is_whole():
    assert set(INPUTS) == set(CASES)
    assert all(set(cells) == set(NAMES) for modes in INPUTS.values() for cells in modes)


@pytest.mark.parametrize("cell", REFUSED, ids=name_of)
def test_what_a_refusal_names_instead_is_supported(cell):
    found = entry(*cell)
    instead = (found.instead or "best", "exact" if found.exactly else "shots")
    assert not isinstance(entry(cell[0], *instead), Refused)


@pytest.mark.parametrize("cell", SUPPORTED, ids=name_of)
def test_a_derivative_is_that_of_the_closed_form(autodiff_backend, cell):
    found, expected = derivative(autodiff_backend, *cell), CASES[cell[0]].slope
    if entry(*cell) == SHOTS:
        tolerance = NOISE[cell[1]] + (TRUNCATION if cell[1] in ("finite-diff", "spsa") else 0)
    else:
        # One number alone varies, so that a random direction is a difference.
        tolerance = 1e-8 if cell[1] in ("finite-diff", "spsa") else 1e-12
    expect.close(autodiff_backend, found, expected, tolerance=tolerance)


@pytest.mark.parametrize("cell", SUPPORTED, ids=name_of)
def test_no_supported_cell_is_zero_where_finite_differences_are_not(autodiff_backend, cell):
    function = CASES[cell[0]].function()
    ahead, behind = (float(function(autodiff_backend.asarray(POINT + step))) for step in (1e-4, -1e-4))
    assert abs((ahead - behind) / 2e-4 - CASES[cell[0]].slope) < 1e-6
    assert abs(float(autodiff_backend.to_numpy(derivative(autodiff_backend, *cell)))) > 1e-2


@pytest.mark.parametrize("cell", REFUSED, ids=name_of)
def test_a_refused_cell_raises_and_names_what_works(autodiff_backend, cell):
    refused = entry(*cell)
    with pytest.raises(kg.KetgradError, match=refused.sentence) as caught:
        derivative(autodiff_backend, *cell)
    assert refused.instead in str(caught.value)
