"""A quantum recurrent network: one qubit takes in x_t, is measured into bit t and reset; the others remember.

Reference: Y. Li et al., "Quantum recurrent neural networks for sequential learning", Neural Networks 166, 148 (2023).
"""

import numpy as np
import pytest

import ketgrad as kg
from branch_reference import Branches, Gate, Measured, Noise

WEIGHTS = np.array([0.5, -0.8, 1.1, 0.4])
RESET = Noise("reset", (), (0,))


def inputs(steps, batch=3):
    return np.random.default_rng(steps).uniform(-1.5, 1.5, (batch, steps))


def cell(x, w):
    """Return the gates of one step, with angles by hand or as symbols."""
    return [
        Gate("ry", (x,), (0,)),
        Gate("rx", (w[0],), (1,)),
        Gate("crx", (w[1],), (0, 1)),
        Gate("rxx", (w[2],), (1, 2)),
        Gate("cry", (w[3],), (2, 0)),
    ]


def network(steps):
    x, w = kg.parameters("x", (steps,)), kg.parameters("w", (4,))
    circuit = kg.Circuit(3)
    for t in range(steps):
        for gate in cell(x[t], w):
            circuit.append(gate.name, gate.angles, gate.qubits)
        circuit.measure(0, t).reset(0)
    return circuit


def model(steps, **options):
    return kg.function(network(steps), *(kg.probs(bits=[t]) for t in range(steps)), **options)


def reference(x, w):
    """Return P(bit t = 1) for each t; one bit, written over each time, is enough to see them one by one."""
    branches, found = Branches(3), []
    for value in x:
        for step in [*cell(float(value), [float(weight) for weight in w]), Measured(0, 0)]:
            branches.apply(step)
        found.append(branches.bit_probabilities([0])[1])
        branches.apply(RESET)
    return np.array(found)


def ones(backend, outputs):
    """Return P(bit t = 1), of shape (batch, steps)."""
    return backend.stack([backend.take(output, 1, axis=-1) for output in outputs], axis=-1)


def loss(backend, steps, x, w):
    """Return a sum over batch and time in which every output has a weight of its own."""
    found = ones(backend, model(steps)(x, w))
    factors = backend.asarray(np.cos(np.arange(x.shape[0] * steps)).reshape(x.shape[0], steps))
    return backend.sum(backend.reshape(found * factors, (-1,)), axis=0)


def reference_loss(x, w):
    found = np.array([reference(row, w) for row in x])
    return float(np.sum(found * np.cos(np.arange(found.size)).reshape(found.shape)))


def difference(function, array, step=1e-3):
    """Differentiate by every entry by the five-point stencil."""
    result = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        unit = np.zeros(array.shape)
        unit[place] = step
        near = function(array + unit) - function(array - unit)
        far = function(array + 2 * unit) - function(array - 2 * unit)
        result[place] = (8 * near - far) / (12 * step)
    return result


@pytest.mark.parametrize("steps", [6, 20])
def test_outputs_of_a_batch_are_those_of_the_branches(backend, steps):
    x = inputs(steps)
    found = backend.to_numpy(ones(backend, model(steps)(x, WEIGHTS)))
    np.testing.assert_allclose(found, [reference(row, WEIGHTS) for row in x], rtol=0, atol=1e-12)


def test_gradients_by_weights_and_inputs_are_the_difference_quotients_of_the_branches(autodiff_backend):
    backend, x = autodiff_backend, inputs(6, batch=2)
    found = kg.grad(lambda x, w: loss(backend, 6, x, w), (0, 1), fallback="error")(
        backend.asarray(x), backend.asarray(WEIGHTS)
    )
    by_x = difference(lambda values: reference_loss(values, WEIGHTS), x)
    by_w = difference(lambda values: reference_loss(x, values), WEIGHTS)
    np.testing.assert_allclose(backend.to_numpy(found[0]), by_x, rtol=0, atol=1e-10)
    np.testing.assert_allclose(backend.to_numpy(found[1]), by_w, rtol=0, atol=1e-10)


def test_the_gradient_through_twenty_steps_is_the_difference_quotient_of_the_branches(autodiff_backend):
    backend, x = autodiff_backend, inputs(20, batch=1)
    found = kg.grad(lambda w: loss(backend, 20, backend.asarray(x), w), fallback="error")(backend.asarray(WEIGHTS))
    expected = difference(lambda values: reference_loss(x, values), WEIGHTS, step=3e-4)
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=0, atol=1e-10)


def test_all_bits_together_have_the_outputs_as_their_marginals(backend):
    x, steps = inputs(6), 6
    joint = backend.to_numpy(kg.function(network(steps), kg.probs(bits=range(steps)))(x, WEIGHTS))
    axes = joint.reshape(3, *(2,) * steps)
    for t in range(steps):
        others = tuple(axis + 1 for axis in range(steps) if axis != t)
        np.testing.assert_allclose(
            axes.sum(axis=others)[:, 1], [reference(row, WEIGHTS)[t] for row in x], rtol=0, atol=1e-12
        )


def test_joint_outcomes_of_a_few_steps_are_those_of_the_branches(backend):
    x = inputs(6, batch=1)[0]
    branches = Branches(3)
    for t, value in enumerate(x):
        for step in [*cell(float(value), WEIGHTS.tolist()), Measured(0, t), RESET]:
            branches.apply(step)
    found = backend.to_numpy(kg.function(network(6), kg.probs(bits=[4, 0, 3]))(x, WEIGHTS))
    np.testing.assert_allclose(found, branches.bit_probabilities([4, 0, 3]), rtol=0, atol=1e-12)


def test_memory_does_not_grow_with_the_number_of_steps():
    estimates = {steps: kg.memory_estimate(network(steps)) for steps in (6, 20, 100)}
    assert len(set(estimates.values())) == 1
    assert estimates[100] <= 5 * 16 * 4**3


def test_joint_outcomes_of_all_steps_take_one_wire_for_each_bit():
    """A qubit that was measured and is then reset is its own record: 3 qubits and 10 bits, a vector of 2^13."""
    kg.set_memory_limit(6 * 16 * 2**13)
    try:
        joint = kg.function(network(10), kg.probs(bits=range(10)))(inputs(10, batch=1)[0], WEIGHTS)
    finally:
        kg.set_memory_limit(None)
    expected = reference(inputs(10, batch=1)[0], WEIGHTS)[9]
    np.testing.assert_allclose(joint[1::2].sum(), expected, rtol=0, atol=1e-12)


def test_the_network_runs_within_the_memory_that_is_estimated():
    kg.set_memory_limit(kg.memory_estimate(network(6), batch=3))
    try:
        found = np.array(model(20)(inputs(20), WEIGHTS))
    finally:
        kg.set_memory_limit(None)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=0, atol=1e-12)


def test_outputs_by_trajectories_agree_with_the_exact_ones():
    x = inputs(6, batch=1)[0]
    runs, expected = 4000, reference(x, WEIGHTS)
    found = ones(kg.get_backend(), model(6, trajectories=runs, seed=3)(x, WEIGHTS))
    assert np.all(np.abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / runs))


def test_outputs_from_shots_agree_with_the_exact_ones(backend):
    x = inputs(6, batch=1)[0]
    shots, expected = 20000, reference(x, WEIGHTS)
    found = backend.to_numpy(ones(backend, model(6, shots=shots, seed=4)(x, WEIGHTS)))
    assert np.all(np.abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / shots))
