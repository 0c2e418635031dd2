"""Where `kg.explain_gradients` says that a graph was cut: each framework's own ways, at the user's line."""

import math

import autograd.numpy
import numpy as np
import pytest
from autograd.tracer import getval

import ketgrad as kg
from installed import installed_backends

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of torch: "Converting a tensor ... to a scalar"


def imported(name, module):
    return pytest.importorskip(module) if name in installed_backends() else None


torch, jax, tf = (imported(*pair) for pair in (("pytorch", "torch"), ("jax", "jax"), ("tensorflow", "tensorflow")))


def compiled_stop(x):
    return jax.jit(lambda y: jax.lax.stop_gradient(y).sum())(x)


def without_recording(x):
    with torch.no_grad():
        y = x * x
    return y.sum()


# Each function of the array [1.3, 2.6], in its framework, and what is said of it.
CUTS = {
    "pytorch": {
        ".detach()": lambda x: x.detach().sum(),
        ".data": lambda x: x.data.sum(),
        ".item()": lambda x: x[0].item() * x[1].item(),
        "float()": lambda x: float(x[0]) * float(x[1]),
        ".tolist()": lambda x: sum(x.tolist()),
        ".numpy()": lambda x: float(x.numpy().sum()),
        "into NumPy": lambda x: torch.as_tensor(np.asarray(x)).sum(),
        "rebuilt with torch.tensor": lambda x: torch.tensor([x[0], x[1]]).sum(),
        "rebuilt with torch.as_tensor": lambda x: torch.as_tensor([x[0], x[1]]).sum(),
        "a new nn.Parameter": lambda x: torch.nn.Parameter(x).sum(),
        "a conversion to torch.int64": lambda x: x.long().sum().double(),
        "torch.no_grad()": without_recording,
    },
    "jax": {
        "jax.lax.stop_gradient": lambda x: jax.lax.stop_gradient(x).sum(),
        "stop_gradient": compiled_stop,
        ".item()": lambda x: x[0].item() * x[1].item(),
        "ConcretizationTypeError": lambda x: float(x[0]) * float(x[1]),
        "TracerArrayConversionError": lambda x: jax.numpy.asarray(np.asarray(x)).sum(),
        "a conversion to int": lambda x: x.astype(int).sum() * 1.0,
        "a conversion to int32": lambda x: jax.numpy.asarray(x, jax.numpy.int32).sum() * 1.0,
    },
    "tensorflow": {
        "tf.stop_gradient": lambda x: tf.reduce_sum(tf.stop_gradient(x)),
        ".numpy()": lambda x: tf.reduce_sum(tf.constant(x.numpy())),
        "float()": lambda x: tf.constant(float(x[0]) * float(x[1])),
        "NumPy": lambda x: tf.reduce_sum(tf.constant(np.sin(x))),
        "tf.Variable": lambda x: tf.reduce_sum(tf.Variable(x)),
        "a conversion to int32": lambda x: tf.cast(tf.reduce_sum(tf.cast(x, tf.int32)), tf.float64),
        "stop_gradient": lambda x: tf.function(lambda y: tf.reduce_sum(tf.stop_gradient(y)))(x),
    },
    "numpy": {
        "float() argument": lambda x: float(x[0]) * float(x[1]),
        "must be real number": lambda x: math.sin(x[0]) + math.sin(x[1]),
        "array element with a sequence": lambda x: np.array([x[0], x[1]], float).sum(),
        "getval": lambda x: autograd.numpy.sum(getval(x)),
        "kg.backend.to_numpy": lambda x: kg.backend.to_numpy(x).sum(),
    },
}


@pytest.mark.parametrize(
    ("name", "words"), [(name, words) for name in CUTS for words in CUTS[name] if name in installed_backends()]
)
def test_the_call_that_cut_the_graph_is_named_with_its_line(name, words):
    function = CUTS[name][words]
    with kg.use_backend(name) as backend:
        report = kg.explain_gradients(function, backend.array([1.3, 2.6]))
    assert str(report["x"].verdict) == "detached"
    cut = report["x"].cuts[0]
    assert words in cut.how
    assert cut.place.file == __file__
    first = function.__code__.co_firstlineno
    assert first <= cut.place.line <= first + 2


@pytest.mark.skipif(jax is None, reason="needs JAX")
def test_a_library_that_cuts_its_own_largest_term_is_not_blamed():
    with kg.use_backend("jax"):
        report = kg.explain_gradients(
            lambda x: (jax.nn.logsumexp(x) * kg.backend.detach(x)).sum(), np.array([1.0, 2.0])
        )
    (cut,) = report["x"].cuts
    assert str(report["x"].verdict) == "partly detached"
    assert "kg.backend.detach" in cut.place.source


def test_a_value_taken_out_for_a_message_does_not_count(autodiff_backend):
    def function(x):
        assert kg.backend.to_numpy(kg.backend.detach(x)) > 0
        return x * x

    kg.explain_gradients(function, 2.0).assert_connected()


def test_a_cut_inside_a_circuit_is_the_user_s(autodiff_backend):
    def energy(theta, phi):
        return kg.Circuit(1).rx(theta, 0).ry(kg.backend.detach(phi), 0).expectation(kg.Z(0))

    report = kg.explain_gradients(energy, 0.3, 0.4)
    assert [str(parameter.verdict) for parameter in report] == ["connected", "detached"]
    assert "kg.backend.detach(phi)" in report["phi"].cuts[0].place.source


def relu(name):
    return {"pytorch": lambda x: torch.relu(x), "jax": lambda x: jax.nn.relu(x), "tensorflow": lambda x: tf.nn.relu(x)}[
        name
    ]


@pytest.mark.parametrize("name", [name for name in ("pytorch", "jax", "tensorflow") if name in installed_backends()])
def test_a_corner_is_not_smooth_and_passes(name):
    with kg.use_backend(name):
        report = kg.explain_gradients(relu(name), 0.0)
    assert str(report["x"].verdict) == "not smooth here"
    report.assert_connected()


@pytest.mark.skipif(jax is None, reason="needs JAX")
def test_a_function_that_branches_on_values_is_looked_into_on_jax():
    def function(x):
        return jax.lax.stop_gradient(x) if x > 0 else x

    with kg.use_backend("jax"):
        report = kg.explain_gradients(function, 2.0)
    assert report["x"].cuts[0].place.source.startswith("return jax.lax.stop_gradient(x)")


def test_another_profiler_keeps_its_place(autodiff_backend):
    import sys

    seen = []
    sys.setprofile(lambda *_: seen.append(1))
    try:
        kg.explain_gradients(lambda x: kg.backend.detach(x) * 2.0, 1.0)
        assert sys.getprofile() is not None
    finally:
        sys.setprofile(None)
    assert seen
