"""Keys of JAX in place of seeds: in compiled and mapped functions, another result with each key."""

import numpy as np
import pytest

import ketgrad as kg

jax = pytest.importorskip("jax")
jnp = jax.numpy
THETA = kg.parameters("theta")
ANGLE = 1.1


@pytest.fixture(autouse=True)
def in_jax():
    """JAX in force."""
    with kg.use_backend("jax") as backend:
        yield backend


def function():
    return kg.function(kg.Circuit(1).ry(THETA, 0), kg.expval(kg.Z(0)), shots=400)


def from_numbers(numbers):
    """Return the mean sign of shots that find 0 with probability cos²(θ/2)."""
    return np.mean(np.where(np.asarray(numbers) < np.cos(ANGLE / 2) ** 2, 1.0, -1.0), axis=-1)


def test_a_key_gives_jaxs_own_numbers():
    expected = from_numbers(jax.random.uniform(jax.random.key(3), (1, 400), "float64")[0])
    np.testing.assert_allclose(function()(ANGLE, seed=jax.random.key(3)), expected, atol=1e-12)


@pytest.mark.parametrize("compiler", [jax.jit, kg.jit], ids=["jax.jit", "kg.jit"])
def test_a_compiled_function_takes_another_key_with_each_call(compiler):
    compiled = compiler(lambda angle, key: function()(angle, seed=key))
    for number in (3, 4, 3):
        expected = from_numbers(jax.random.uniform(jax.random.key(number), (1, 400), "float64")[0])
        np.testing.assert_allclose(compiled(jnp.array(ANGLE), jax.random.key(number)), expected, atol=1e-12)


def test_a_function_compiled_by_ketgrad_takes_a_key_as_its_seed():
    compiled = kg.jit(function())
    for number in (3, 4):
        key = jax.random.key(number)
        np.testing.assert_allclose(compiled(jnp.array(ANGLE), seed=key), function()(ANGLE, seed=key), atol=1e-12)


@pytest.mark.parametrize("mapper", [jax.vmap, kg.vmap], ids=["jax.vmap", "kg.vmap"])
def test_a_mapped_function_takes_a_key_for_each_element(mapper):
    keys = jax.random.split(jax.random.key(5), 4)
    found = mapper(lambda key: function()(ANGLE, seed=key))(keys)
    np.testing.assert_allclose(found, [function()(ANGLE, seed=key) for key in keys], atol=1e-12)
    assert len(set(found.tolist())) > 1


def test_a_mapped_function_is_compiled_with_its_keys():
    keys = jax.random.split(jax.random.key(5), 4)
    found = jax.jit(jax.vmap(lambda key: function()(ANGLE, seed=key)))(keys)
    np.testing.assert_allclose(found, [function()(ANGLE, seed=key) for key in keys], atol=1e-12)


def test_a_raw_key_is_a_key_too():
    assert function()(ANGLE, seed=jax.random.PRNGKey(3)) == function()(ANGLE, seed=jax.random.PRNGKey(3))


def test_rows_of_a_batch_under_one_key_differ():
    found = kg.function(kg.Circuit(1).ry(THETA, 0), kg.sample(), shots=200)([ANGLE, ANGLE], seed=jax.random.key(3))
    assert not np.array_equal(found[0], found[1])


def test_a_circuit_takes_a_key_for_its_samples():
    compiled = jax.jit(lambda angle, key: kg.Circuit(1).ry(angle, 0).sample(200, seed=key))
    first, second = (np.asarray(compiled(ANGLE, jax.random.key(number))) for number in (3, 4))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, compiled(ANGLE, jax.random.key(3)))


def test_settings_and_no_setting_at_all_share_a_key():
    found = kg.function(kg.Circuit(1).h(0), kg.expval(kg.I()), shots=3, seed=jax.random.key(1))()
    assert float(found) == 1.0


def test_trajectories_take_a_key():
    noisy = kg.function(kg.Circuit(1).h(0).phase_flip(0.5, 0), kg.expval(kg.X(0)), trajectories=200)
    compiled = jax.jit(lambda key: noisy(seed=key))
    first, second = compiled(jax.random.key(3)), compiled(jax.random.key(4))
    assert first != second
    np.testing.assert_allclose(first, noisy(seed=jax.random.key(3)), atol=1e-12)


@pytest.mark.parametrize("wrong", [jnp.int32(3), jnp.array(3.0)], ids=["an integer array", "a real array"])
def test_an_array_that_is_no_key_is_refused_with_a_sentence(wrong):
    with pytest.raises(kg.KetgradError):
        function()(ANGLE, seed=wrong)
