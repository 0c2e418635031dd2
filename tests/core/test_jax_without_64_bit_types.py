"""JAX as it comes, with its 64-bit types off: double precision is refused in one sentence, single precision works."""

from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")

SENTENCE = (
    " was asked for, but JAX's 64-bit types are off; switch them on with "
    'jax.config.update("jax_enable_x64", True) or JAX_ENABLE_X64=1 before the first array, or choose '
    'kg.set_precision("single")'
)


@pytest.fixture
def in_jax(in_new_process):
    """Run code in a process where JAX is in force, and return what it stores in `found`."""

    def run(code):
        lines = ["import warnings", "import numpy as np, jax, jax.numpy as jnp, ketgrad as kg", 'kg.set_backend("jax")']
        return in_new_process("\n".join([*lines, code, "print(json.dumps(found))"]))

    return run


REFUSE = """
found = {}
def refused(name, function):
    try:
        found[name] = repr(function())
    except kg.PrecisionError as error:
        found[name] = str(error)
"""


def test_double_precision_is_refused_wherever_it_would_be_needed(in_jax):
    found = in_jax(
        REFUSE
        + """
refused("number", lambda: kg.value_and_grad(lambda x: x * x)(1.0))
refused("numpy", lambda: kg.grad(lambda x: kg.backend.sum(x * x))(np.ones(2)))
refused("state", lambda: kg.function(kg.Circuit(1).h(0), kg.state(), engine="traced")())
refused("compiled", lambda: kg.Circuit(1).h(0).state())
refused("parameter", lambda: kg.Circuit(1).ry(0.3, 0).expectation(kg.Z(0)))
refused("asarray", lambda: kg.backend.asarray([1.0]))
refused("zeros", lambda: kg.backend.zeros((2,)))
refused("astype", lambda: kg.backend.astype(jnp.ones(2), "complex128"))
refused("jit", lambda: kg.jit(lambda x: kg.Circuit(1).ry(x, 0).state())(0.3))
"""
    )
    starts = {text.removesuffix(SENTENCE) for text in found.values()}
    assert all(text.endswith(SENTENCE) for text in found.values()), found
    assert starts <= {"float64", "complex128"}
    assert found["state"] == "complex128" + SENTENCE
    assert found["number"] == "float64" + SENTENCE


def test_single_precision_computes_and_differentiates(in_jax):
    found = in_jax("""
kg.set_precision("single")
value, gradient = kg.value_and_grad(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)))(0.3)
second = kg.hessian(lambda t: kg.Circuit(1).ry(t, 0).expectation(kg.Z(0)))(0.3)
found = [[float(x) for x in (value, gradient, second)], [str(x.dtype) for x in (value, gradient, second)]]
""")
    # cos 0.3, −sin 0.3, −cos 0.3
    assert found[0] == pytest.approx([0.955336489125606, -0.29552020666133955, -0.955336489125606], abs=1e-6)
    assert found[1] == ["float32"] * 3


def test_single_precision_samples(in_jax):
    found = in_jax("""
kg.set_precision("single")
found = np.asarray(kg.Circuit(2).h(0).h(1).sample(6, seed=7)).tolist()
""")
    assert found == [[0, 1], [0, 1], [0, 1], [0, 0], [0, 0], [1, 0]]


def test_single_precision_counts(in_jax):
    found = in_jax("""
kg.set_precision("single")
found = kg.Circuit(2).x(1).counts(6, seed=7)
""")
    assert found == {"01": 6}


def test_single_precision_arrays_are_differentiated_even_where_double_is_in_force(in_jax):
    found = in_jax("""
value, gradient = kg.value_and_grad(lambda x: jnp.sum(x * x))(jnp.array([1.0, 2.0, 3.0]))
found = [float(value), gradient.tolist(), str(gradient.dtype)]
""")
    assert found == [14.0, [2.0, 4.0, 6.0], "float32"]


def test_finite_differences_take_a_step_that_single_precision_can_see(in_jax):
    found = in_jax("""
kg.set_precision("single")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    gradient = kg.grad(lambda x: jnp.sum(jax.lax.stop_gradient(x * x)))(jnp.array([1.0, 2.0, 3.0]))
    steep = kg.grad(lambda x: jax.lax.stop_gradient(x * x))(1e6)
found = [gradient.tolist(), str(gradient.dtype), float(steep), [w.category.__name__ for w in caught]]
""")
    assert found[0] == pytest.approx([2.0, 4.0, 6.0], rel=1e-3)
    assert found[1] == "float32"
    assert found[2] == pytest.approx(2e6, rel=1e-3)
    assert found[3] == ["GradientFallbackWarning"] * 2
