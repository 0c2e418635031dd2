"""As many qubits as a small machine holds: 24 in double precision, 26 in single, against products of cosines."""

import math
import os

import numpy as np
import pytest

import ketgrad as kg

GIBIBYTE = 2**30
LARGE = ("numpy", "pytorch")
ANGLES = (0.3, 0.9, 1.4)


def free_memory():
    """Return the bytes that are free now, as Linux tells; zero where nothing does."""
    try:
        with open("/proc/meminfo") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return 0


# Asked for at the start of each test, since others may take memory in the meantime.
needs_memory = pytest.mark.usefixtures("enough_memory")


@pytest.fixture
def enough_memory():
    if free_memory() < 8 * GIBIBYTE:
        pytest.skip("less than 8 GiB of memory are free")


@pytest.fixture(params=LARGE)
def large_backend(request):
    wanted = os.environ.get("KETGRAD_TEST_BACKENDS")
    if wanted and request.param not in wanted.split(","):
        pytest.skip(f"{request.param} is not asked for")
    try:
        with kg.use_backend(request.param) as chosen:
            yield chosen
    except kg.MissingFrameworkError as error:
        pytest.skip(str(error))


def turned_and_entangled(n):
    """Return a circuit of 20 gates, and the three qubits that are turned in it.

    Their values are copied to others by CX; then come phases, which change no value.
    """
    a, b, c = 0, n // 2, n - 1
    circuit = kg.Circuit(n)
    for qubit, angle in zip((a, b, c), ANGLES, strict=True):
        circuit.ry(angle, qubit)
    circuit.cx(a, 1).cx(b, 2).cx(c, 3).cx(1, n - 2).cx(2, n - 3).cx(3, n - 4)
    circuit.rz(0.7, 1).rzz(0.4, 2, n - 3).cp(1.1, 3, n - 4).s(n - 2).t(a).cz(b, c)
    circuit.h(4).h(n - 5).x(5).y(6).swap(7, 8)
    assert len(circuit) == 20
    return circuit, (a, b, c)


def check(n, backend, tolerance):
    circuit, (a, b, c) = turned_and_entangled(n)
    cosines = [math.cos(angle) for angle in ANGLES]
    observable = (
        0.5 * (kg.Z(a) @ kg.Z(b) @ kg.Z(c)) + kg.Z(n - 2) @ kg.Z(n - 3) - 2.0 * (kg.X(4) @ kg.X(n - 5)) + 0.25 * kg.Z(5)
    )
    expected = 0.5 * math.prod(cosines) + cosines[0] * cosines[1] - 2.0 - 0.25
    marginal = [n - 4, 1, 5]
    function = kg.function(circuit, kg.expval(observable), kg.probs(marginal))
    value, probabilities = (backend.to_numpy(found) for found in function())
    assert abs(value - expected) < tolerance
    # Qubit n − 4 has the value of c, qubit 1 that of a; qubit 5 is 1.
    ones = [math.sin(angle / 2) ** 2 for angle in (ANGLES[2], ANGLES[0])]
    first, second = [1 - ones[0], ones[0]], [1 - ones[1], ones[1]]
    np.testing.assert_allclose(probabilities, np.kron(np.kron(first, second), [0, 1]), rtol=0, atol=tolerance)


@needs_memory
def test_24_qubits_in_double_precision_have_the_products_of_cosines(large_backend):
    check(24, large_backend, 1e-12)


@needs_memory
def test_26_qubits_in_single_precision_have_the_products_of_cosines(large_backend):
    with kg.use_precision("single"):
        check(26, large_backend, 1e-4)
