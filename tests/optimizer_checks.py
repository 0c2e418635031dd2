"""What tests of several optimizers share: a small energy, and checks of paths on other backends and after a pause."""

import numpy as np

import ketgrad as kg


def two_qubit_energy(**options):
    """Return ⟨Z₀Z₁ + X₀/2⟩ of RY(θ₀) on qubit 0, CX, RY(θ₁) on qubit 1 and RX(θ₂) on qubit 0."""
    theta = kg.parameters("theta", (3,))
    circuit = kg.Circuit(2).ry(theta[0], 0).cx(0, 1).ry(theta[1], 1).rx(theta[2], 0)
    return kg.function(circuit, kg.expval(kg.Z(0) @ kg.Z(1) + 0.5 * kg.X(0)), **options)


def numbers(backend, array):
    """Return an array of a backend as one of NumPy."""
    return np.asarray(backend.to_numpy(array))


def check_same_path(backend, train, tolerance=1e-9):
    """Assert that training, a function that returns a result, goes the same way on a backend as on NumPy."""
    found = train()
    with kg.use_backend("numpy"):
        expected = train()
    np.testing.assert_allclose(found.history, expected.history, rtol=0, atol=tolerance)
    np.testing.assert_allclose(numbers(backend, found.x), expected.x, rtol=0, atol=tolerance)
    return found


def check_resume(backend, make, f, x0, path, pause=2, steps=4):
    """Assert that training that was interrupted and resumed has the numbers of one that was not."""
    whole = make().minimize(f, x0, steps=steps)
    make().minimize(f, x0, steps=pause, checkpoint=path)
    resumed = make().minimize(f, x0, steps=steps, checkpoint=path, resume=True)
    assert resumed.history == whole.history
    np.testing.assert_array_equal(numbers(backend, resumed.x), numbers(backend, whole.x))
