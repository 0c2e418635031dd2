"""Where compiled kernels are kept, in processes of their own, with a copy of the package that a test may change."""

import math
import shutil
from pathlib import Path

import pytest

import ketgrad

OUTER = """
from ketgrad.simulate.kernels.caching import cached_njit
from ketgrad.simulate.kernels.inner import increased

@cached_njit()
def tenfold(x):
    return 10 * increased(x)
"""

INNER = """
from ketgrad.simulate.kernels.caching import cached_njit

@cached_njit()
def increased(x):
    return x + 1
"""

CALL = """
    import warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        from ketgrad.simulate.kernels.outer import tenfold
        value = tenfold(1)
    warned = [[str(warning.message), warning.category.__name__, warning.filename] for warning in caught]
    print(json.dumps([value, warned, sum(tenfold.stats.cache_hits.values())]))
"""


CIRCUIT = """
    import warnings
    import ketgrad as kg
    theta = kg.parameters("theta", (2,))
    circuit = kg.Circuit(2).ry(theta[0], 0).rx(theta[1], 0).cx(0, 1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        f = kg.function(circuit, kg.expval(kg.Z(1)), engine="compiled")
        value, gradient = kg.value_and_grad(f, fallback="error")(kg.backend.array([0.4, 1.1]))
    print(json.dumps([value.tolist(), gradient.tolist(), [warning.category.__name__ for warning in caught]]))
"""


LOGGED = """
    import logging
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logging.getLogger("ketgrad").addHandler(handler)
    from ketgrad.simulate.kernels.outer import tenfold
    print(json.dumps([tenfold(1), tenfold(1.5), lines]))
"""


@pytest.fixture
def kernels(tmp_path):
    """The folder of the kernels in a copy of the package, with two kernels more."""
    shutil.copytree(Path(ketgrad.__file__).parent, tmp_path / "ketgrad", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "ketgrad" / "simulate" / "kernels"
    (folder / "outer.py").write_text(OUTER)
    (folder / "inner.py").write_text(INNER)
    return folder


def environment_of(kernels, **others):
    """Find the copy first, and write no bytecode; an empty NUMBA_CACHE_DIR is none."""
    return {
        "PYTHONPATH": str(kernels.parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": "",
        **others,
    }


@pytest.fixture
def without_a_folder(kernels):
    """The environment of a process that may write its kernels nowhere."""
    # Nothing can be made below a regular file, not even by root, as whom tests may run.
    (kernels / "__pycache__").write_text("")
    below_a_file = str(kernels / "__pycache__" / "folder")
    return environment_of(kernels, HOME=below_a_file, XDG_CACHE_HOME=below_a_file, NUMBA_CACHE_DIR=below_a_file)


def test_without_a_folder_to_write_to_kernels_run_and_one_warning_names_the_remedy(without_a_folder, in_new_process):
    value, warned, _ = in_new_process(CALL, **without_a_folder)
    assert value == 20
    [[message, category, place]] = warned
    assert category == "KernelWarning"
    assert place == "<string>"  # the user's line, however deep inside imports it comes up
    assert message.endswith("; set NUMBA_CACHE_DIR to a folder that can be written to")


def test_without_a_folder_to_write_to_a_circuit_has_its_value_and_gradient(without_a_folder, in_new_process):
    # ⟨Z⟩ after RY(a) RX(b) is cos a cos b, which the CX copies to the other qubit.
    value, gradient, warned = in_new_process(CIRCUIT, **without_a_folder)
    assert abs(value - math.cos(0.4) * math.cos(1.1)) < 1e-12
    expected = [-math.sin(0.4) * math.cos(1.1), -math.cos(0.4) * math.sin(1.1)]
    assert max(abs(found - own) for found, own in zip(gradient, expected, strict=True)) < 1e-12
    assert warned == ["KernelWarning"]


def test_kernels_are_kept_in_the_folder_that_the_user_named(kernels, tmp_path, in_new_process):
    environment = environment_of(kernels, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert in_new_process(CALL, **environment) == [20, [], 0]
    assert list((tmp_path / "cache").rglob("*.nbc"))
    assert in_new_process(CALL, **environment) == [20, [], 1]


def test_a_kernel_is_compiled_anew_when_one_that_it_calls_has_changed(kernels, in_new_process):
    environment = environment_of(kernels)
    assert in_new_process(CALL, **environment)[0] == 20
    (kernels / "inner.py").write_text(INNER.replace("x + 1", "x + 2"))
    assert in_new_process(CALL, **environment) == [30, [], 0]


def test_who_waits_for_the_first_compilation_is_told_once_why(kernels, tmp_path, in_new_process):
    environment = environment_of(kernels, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    first, second, lines = in_new_process(LOGGED, **environment)
    assert (first, second) == (20, 25.0)
    assert len(lines) == 1
    assert lines[0].endswith("`ketgrad warmup` does it ahead")
    assert in_new_process(LOGGED, **environment) == [20, 25.0, []]
