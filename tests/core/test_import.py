"""What importing and choosing a backend brings in, and what it leaves as it was. Each in a process of its own."""

from importlib.util import find_spec

import pytest

HEAVY = "('torch', 'jax', 'tensorflow', 'keras', 'scipy', 'matplotlib', 'pytest', 'hypothesis', 'numba')"

ENERGY = """
import ketgrad as kg

def energy(theta):
    return kg.Circuit(2).ry(theta, 0).cx(0, 1).expectation(kg.Z(1))
"""

SNAPSHOT = """
import locale, os, random, warnings
import numpy as np

def snapshot():
    return {
        "numpy errors": np.geterr(),
        "numpy printing": str(np.get_printoptions()),
        "numpy random": str(np.random.get_state()),
        "random": str(random.getstate()),
        "environment": dict(os.environ),
        "locale": locale.setlocale(locale.LC_ALL),
        "recursion limit": sys.getrecursionlimit(),
        "warnings": list(map(str, warnings.filters)),
        **{f"members of {module.__name__}": {name: id(value) for name, value in vars(module).items()}
           for module in (np, np.ndarray)},
        **settings(),
    }

def changed(before, after):
    found = []
    for name, value in before.items():
        if name.startswith("members of "):
            found += [f"{name}: {key}" for key in value if after[name].get(key) != value[key]]
        elif after[name] != value:
            found.append(f"{name}: {value} became {after[name]}")
    return found
"""

FRAMEWORKS = {
    "numpy": ("numpy", "def settings(): return {}"),
    "pytorch": (
        "torch",
        """
import torch, sympy  # torch imports SymPy when it first transforms a function; SymPy adds a filter for its own warnings
def settings():
    return {
        "dtype": str(torch.get_default_dtype()),
        "device": str(torch.get_default_device()),
        "recording": torch.is_grad_enabled(),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "matmul": torch.get_float32_matmul_precision(),
        "random": torch.get_rng_state().tolist(),
        "anomalies": torch.is_anomaly_enabled(),
        "members of torch": {name: id(value) for name, value in vars(torch).items()},
        "members of Tensor": {name: id(value) for name, value in vars(torch.Tensor).items()},
    }
""",
    ),
    "jax": (
        "jax",
        """
import jax, jax.numpy
jax.devices()
def settings():
    return {
        **{name: str(value) for name, value in jax.config.values.items()},
        "members of jax": {name: id(value) for name, value in vars(jax).items()},
        "members of jax.numpy": {name: id(value) for name, value in vars(jax.numpy).items()},
    }
""",
    ),
    "tensorflow": (
        "tensorflow",
        """
import tensorflow as tf
tf.config.list_logical_devices()
def settings():
    return {
        "floatx": tf.keras.backend.floatx(),
        "eager": (tf.executing_eagerly(), tf.config.functions_run_eagerly()),
        "numpy behaviour": tf.experimental.numpy.ndarray is tf.Tensor,
        "placement": tf.config.get_soft_device_placement(),
        "threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "members of tensorflow": {name: id(value) for name, value in vars(tf).items()},
        "members of Tensor": {name: id(value) for name, value in vars(tf.Tensor).items()},
    }
settings()
""",
    ),
}


def needs(module):
    return pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed")


EACH_FRAMEWORK = [pytest.param(name, marks=needs(module)) for name, (module, _) in FRAMEWORKS.items()]


def test_importing_ketgrad_imports_no_framework(in_new_process):
    found = in_new_process(f"""
        import ketgrad
        print(json.dumps([name for name in {HEAVY} if name in sys.modules]))
    """)
    assert found == []


def test_importing_ketgrad_imports_no_backend_until_one_is_used(in_new_process):
    before, after = in_new_process("""
        import ketgrad as kg
        before = [name for name in ("autograd", "autoray", "ketgrad_backends") if name in sys.modules]
        kg.get_backend()
        print(json.dumps([before, [name for name in sys.modules if name.startswith("ketgrad_backends.")]]))
    """)
    assert before == []
    assert "ketgrad_backends.numpy" in after
    assert not {"ketgrad_backends.pytorch", "ketgrad_backends.jax", "ketgrad_backends.tensorflow"} & set(after)


def test_numpy_and_strict_work_where_nothing_else_is_installed(in_new_process):
    found = in_new_process(f"""
        hide(*{HEAVY})
        {ENERGY.replace(chr(10), chr(10) + "        ")}
        import warnings
        results = []
        for name in ("numpy", "strict", "autoray:numpy"):
            kg.set_backend(name)
            with warnings.catch_warnings(record=True):
                value, gradient = kg.value_and_grad(energy)(0.3)
            results += [float(kg.backend.to_numpy(value)), float(kg.backend.to_numpy(gradient))]
        kg.Circuit(2).h(0).counts(10, seed=1)
        print(json.dumps([results, [name for name in {HEAVY} if name in sys.modules]]))
    """)
    # cos 0.3 and −sin 0.3, on each
    assert found[0] == pytest.approx([0.955336489125606, -0.29552020666133955] * 3, abs=1e-9)
    assert found[1] == []


def test_a_missing_framework_is_named_with_the_command_that_installs_it(in_new_process):
    found = in_new_process("""
        hide("torch", "jax", "jaxlib", "tensorflow")
        import ketgrad as kg
        kg.set_backend("strict")
        results = {}
        for name in ("pytorch", "torch", "jax", "tensorflow", "tf"):
            try:
                kg.set_backend(name)
            except ModuleNotFoundError as error:
                kinds = isinstance(error, kg.MissingFrameworkError) and isinstance(error, kg.KetgradError)
                results[name] = [str(error), error.name, kinds, kg.get_backend().name]
        infos = kg.available_backends()
        described = {name: [infos[name].installed, infos[name].problem] for name in infos}
        print(json.dumps([results, described]))
    """)
    refusals, described = found
    for name, framework in [("pytorch", "torch"), ("jax", "jax"), ("tensorflow", "tensorflow")]:
        text = f"backend '{name}' needs {framework}, which is not installed; run: pip install 'ketgrad[{framework}]'"
        assert refusals[name] == [text, framework, True, "strict"]
        assert described[name] == [False, text]
    assert refusals["torch"] == refusals["pytorch"]
    assert refusals["tf"] == refusals["tensorflow"]
    assert described["numpy"] == [True, ""]


@pytest.mark.parametrize("name", EACH_FRAMEWORK)
def test_a_backend_imports_no_other_framework(name, in_new_process):
    # TensorFlow itself imports JAX and Keras where they are installed.
    found = in_new_process(f"""
        import {FRAMEWORKS[name][0]}
        frameworks = {{name for name in ("torch", "jax", "tensorflow", "keras") if name in sys.modules}}
        {ENERGY.replace(chr(10), chr(10) + "        ")}
        kg.set_backend({name!r})
        kg.set_precision("single")
        kg.value_and_grad(energy)(0.3)
        print(json.dumps([name for name in ("torch", "jax", "tensorflow", "keras")
                          if name in sys.modules and name not in frameworks]))
    """)
    assert found == []


@pytest.mark.parametrize("name", EACH_FRAMEWORK)
def test_using_a_backend_changes_no_setting_of_its_framework(name, in_new_process):
    # Each step alone, so that the one which changes something is named. Not `jit` and not `vmap`: torch.compile
    # and torch.func load parts of torch that set an environment variable and a filter, and wrap torch.manual_seed.
    lines = (
        FRAMEWORKS[name][1]
        + SNAPSHOT
        + "before = snapshot()\nsteps = {}\n"
        + ENERGY
        + f"""
steps["import"] = changed(before, snapshot())
kg.set_backend({name!r})
steps["set_backend"] = changed(before, snapshot())
with kg.use_precision("single"):
    kg.value_and_grad(energy)(0.3)
    try:
        kg.value_and_grad(lambda x: 1 / 0)(0.3)
    except ZeroDivisionError:
        pass
steps["use"] = changed(before, snapshot())
print(json.dumps(steps))
"""
    )
    assert in_new_process(lines) == {"import": [], "set_backend": [], "use": []}


@needs("jax")
@pytest.mark.parametrize("flag", ["0", "1"])
def test_jax_keeps_the_64_bit_types_as_the_user_set_them(flag, in_new_process):
    found = in_new_process(
        f"""
        {ENERGY.replace(chr(10), chr(10) + "        ")}
        import jax
        before = jax.config.jax_enable_x64
        kg.set_backend("jax")
        with kg.use_precision("single"):
            kg.value_and_grad(energy)(0.3)
        try:
            kg.value_and_grad(energy)(0.3)
        except kg.PrecisionError:
            pass
        print(json.dumps([before, jax.config.jax_enable_x64]))
        """,
        JAX_ENABLE_X64=flag,
    )
    assert found == [flag == "1"] * 2
