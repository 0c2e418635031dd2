"""The engine in force: names, blocks, and what it runs."""

import numpy as np
import pytest

import ketgrad as kg

ANGLE = 0.3
COSINE = 0.955336489125606


def circuit():
    return kg.Circuit(1).rx(ANGLE, 0)


def test_auto_is_the_default():
    assert kg.get_engine() == "auto"


@pytest.mark.parametrize("wrong", ["", "fast", "Traced", None, 1, ["traced"]])
def test_a_wrong_engine_is_refused_and_the_one_before_stays(wrong):
    for change in (kg.set_engine, kg.use_engine):
        with pytest.raises(kg.InvalidValueError, match="give one of auto, traced, compiled"):
            change(wrong)
    assert kg.get_engine() == "auto"


def test_a_block_restores_the_engine_after_an_exception():
    with kg.use_engine("traced") as engine:
        assert (engine, kg.get_engine()) == ("traced", "traced")
    with pytest.raises(ZeroDivisionError), kg.use_engine("traced"):
        raise ZeroDivisionError
    assert kg.get_engine() == "auto"


@pytest.mark.parametrize("engine", ["auto", "traced", "compiled"])
def test_every_engine_runs_circuits_and_functions(engine):
    theta = kg.parameters("theta", (1,))
    f = kg.function(kg.Circuit(1).rx(theta[0], 0), kg.expval(kg.Z(0)))
    with kg.use_engine(engine):
        np.testing.assert_allclose(circuit().expectation(kg.Z(0)), COSINE, atol=1e-12)
        np.testing.assert_allclose(f([ANGLE]), COSINE, atol=1e-12)


def test_the_engine_in_force_at_the_call_counts_and_that_of_a_function_comes_before_it():
    noisy = kg.Circuit(1).rx(ANGLE, 0).bit_flip(0.25, 0)
    f = kg.function(noisy, kg.expval(kg.Z(0)))
    own = kg.function(noisy, kg.expval(kg.Z(0)), engine="traced")
    with kg.use_engine("compiled"):
        for refused in (lambda: f(), lambda: noisy.expectation(kg.Z(0))):
            with pytest.raises(kg.UnsupportedError, match="the compiled engine has no noise"):
                refused()
        np.testing.assert_allclose(own(), COSINE / 2, atol=1e-12)
    np.testing.assert_allclose(f(), COSINE / 2, atol=1e-12)


def test_trajectories_are_refused_where_the_compiled_engine_is_in_force():
    f = kg.function(circuit().bit_flip(0.25, 0), kg.expval(kg.Z(0)), trajectories=3, seed=1)
    with kg.use_engine("compiled"), pytest.raises(kg.UnsupportedError, match="trajectories run on the traced engine"):
        f()
