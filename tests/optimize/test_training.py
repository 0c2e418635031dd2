"""`minimize`: history, stopping, progress, checkpoints, and what is kept when a value is not finite."""

import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import ketgrad as kg
from reference_circuits import THREAD, thread

Descent = kg.optimize.GradientDescent


def square(x):
    return x * x


def test_the_history_has_the_value_before_each_step_and_the_last(autodiff_backend):
    result = Descent(0.25).minimize(square, 1.0, steps=3)  # halves x each time
    np.testing.assert_allclose(result.history, [1.0, 0.25, 0.0625, 0.015625], rtol=1e-9)
    assert (result.steps, result.stopped, result.value) == (3, "steps", result.history[-1])
    assert float(autodiff_backend.to_numpy(result.x)) == pytest.approx(0.125, rel=1e-9)


def test_no_steps_give_the_value_at_the_start():
    result = Descent().minimize(square, 3.0, steps=0)
    assert (result.history, float(result.x), result.steps) == ((9.0,), 3.0, 0)


def test_training_stops_when_the_value_has_settled():
    # The values are 4⁻ᵏ and differ by 3·4⁻ᵏ: less than 0.02 from step 3 to 4 on, twice in a row at step 5.
    assert Descent(0.25).minimize(square, 1.0, tolerance=0.02).steps == 4
    result = Descent(0.25).minimize(square, 1.0, tolerance=0.02, patience=2)
    assert (result.steps, result.stopped) == (5, "tolerance")


def test_a_callback_sees_each_step_and_can_stop():
    seen = []

    def callback(progress):
        seen.append((progress.step, float(progress.x), progress.value))
        return progress.value < 0.1

    result = Descent(0.25).minimize(square, 1.0, callback=callback)
    assert seen == [(0, 1.0, 1.0), (1, 0.5, 0.25), (2, 0.25, 0.0625)]
    assert (result.steps, result.stopped, float(result.x)) == (2, "callback", 0.25)


def test_the_bar_shows_steps_and_value_on_the_error_stream(capsys):
    Descent(0.25).minimize(square, 1.0, steps=2, progress=True)
    output = capsys.readouterr()
    assert "2/2" in output.err
    assert "value 0.0625" in output.err
    assert output.out == ""


def test_each_step_has_a_seed_of_its_own_and_each_run_the_same(autodiff_backend):
    energy = thread(shots=50)
    first, again = (Descent(0.1).minimize(energy, THREAD["p"], steps=4, seed=3).history for _ in range(2))
    assert first == again
    assert Descent(0.1).minimize(energy, THREAD["p"], steps=4, seed=4).history != first
    seeds = []

    def f(x, seed):
        seeds.append(seed)
        return x * x

    Descent(0.1).minimize(f, 1.0, steps=3, seed=3)
    assert len(set(seeds)) == 4  # one for each step and one for the last value


@pytest.mark.parametrize(
    "optimizer",
    [Descent(0.05), kg.optimize.Momentum(0.05), kg.optimize.Adam(0.05), kg.optimize.NaturalGradient(0.05)],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_an_interrupted_run_resumes_to_the_same_numbers(autodiff_backend, optimizer, tmp_path):
    file, energy = tmp_path / "run.npz", thread()

    def interrupt(progress):
        if progress.step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optimizer.minimize(energy, THREAD["p"], steps=20, callback=interrupt, checkpoint=file, checkpoint_every=100)
    resumed = optimizer.minimize(energy, THREAD["p"], steps=20, checkpoint=file, resume=True)
    whole = optimizer.minimize(energy, THREAD["p"], steps=20)
    assert resumed.history == whole.history
    assert autodiff_backend.to_numpy(resumed.x).tolist() == autodiff_backend.to_numpy(whole.x).tolist()


def test_a_process_that_dies_leaves_the_last_checkpoint(tmp_path, in_new_process):
    file = tmp_path / "run.npz"
    in_new_process(f"""
        import os
        import ketgrad as kg

        def callback(progress):
            if progress.step == 25:
                print("1", flush=True)
                os._exit(0)

        kg.optimize.Adam(0.1).minimize(
            lambda x: x["a"] ** 2, {{"a": 3.0}}, callback=callback, checkpoint={str(file)!r}, checkpoint_every=10
        )
    """)
    steps = []
    resumed = kg.optimize.Adam(0.1).minimize(
        lambda x: x["a"] ** 2,
        {"a": 3.0},
        steps=40,
        callback=lambda progress: steps.append(progress.step),
        checkpoint=file,
        resume=True,
    )
    assert steps[0] == 20
    assert resumed.history == kg.optimize.Adam(0.1).minimize(lambda x: x["a"] ** 2, {"a": 3.0}, steps=40).history


def test_without_a_file_resuming_begins(tmp_path):
    result = Descent(0.25).minimize(square, 1.0, steps=2, checkpoint=tmp_path / "new.npz", resume=True)
    assert result.steps == 2


def test_a_checkpoint_crosses_backends(autodiff_backend, tmp_path):
    file, energy = tmp_path / "run.npz", thread()
    with kg.use_backend("numpy"):
        kg.optimize.Adam(0.05).minimize(energy, THREAD["p"], steps=5, checkpoint=file)
        whole = kg.optimize.Adam(0.05).minimize(energy, THREAD["p"], steps=10)
    resumed = kg.optimize.Adam(0.05).minimize(energy, THREAD["p"], steps=10, checkpoint=file, resume=True)
    np.testing.assert_allclose(resumed.history, whole.history, rtol=0, atol=1e-12)


def root(x):
    return kg.backend.sum(kg.backend.sqrt(x["a"])) + x["b"]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_value_that_is_not_a_number_names_step_and_parameter_and_keeps_the_last_good_ones(autodiff_backend, tmp_path):
    file, start = tmp_path / "run.npz", {"a": np.array([9.0, 0.3]), "b": 0.0}
    with pytest.raises(kg.optimize.NotFiniteError) as caught:
        Descent(0.2).minimize(root, start, checkpoint=file)
    # √x falls by η/(2√x): 0.3 − 0.1826 = 0.1174, 0.1174 − 0.2918 < 0.
    assert str(caught.value).startswith(
        "training stopped at step 2: the value is nan; the gradient by x['a'][1] is nan"
    )
    result = caught.value.result
    after_one = [9 - 0.1 / 3, 0.3 - 0.1 / math.sqrt(0.3)]
    np.testing.assert_allclose(autodiff_backend.to_numpy(result.x["a"]), after_one, rtol=1e-12)
    assert (result.steps, len(result.history), result.stopped) == (1, 2, "not finite")
    assert result.value == pytest.approx(sum(map(math.sqrt, after_one)) - 0.2)
    resumed = Descent(1e-9).minimize(root, start, steps=1, checkpoint=file, resume=True)
    np.testing.assert_allclose(autodiff_backend.to_numpy(resumed.x["a"]), after_one, rtol=1e-12)


def test_a_start_that_is_not_a_number_is_named():
    with pytest.raises(
        kg.optimize.NotFiniteError, match=r"step 0: the value is nan; the parameter x\[1\] is nan"
    ) as caught:
        Descent().minimize(lambda x: x[0] * x[1], [1.0, math.nan])
    assert math.isnan(caught.value.result.value)
    assert caught.value.result.history == ()


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_step_to_infinity_is_stopped_before_it_is_taken():
    with pytest.raises(kg.optimize.NotFiniteError, match=r"step 0: the step makes the parameter x is -inf") as caught:
        Descent(1e308).minimize(lambda x: x**2, 1e10)
    assert float(caught.value.result.x) == 1e10


def test_the_users_own_exception_comes_through(tmp_path):
    def fails(x):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match=r"^mine$"):
        Descent().minimize(fails, 1.0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"steps": -1}, "steps is -1; give an integer of at least 0"),
        ({"steps": 1.5}, "steps is 1.5; give an integer"),
        ({"patience": 0}, "patience is 0; give an integer of at least 1"),
        ({"tolerance": 0.0}, "tolerance is 0.0; give a number above 0, or None"),
        ({"tolerance": "1e-3"}, "tolerance is '1e-3'; give a number above 0, or None"),
        ({"callback": 3}, "callback is a int; give a function of a Progress"),
        ({"resume": True}, "resume needs the file to go on from; give checkpoint as well"),
        ({"resume": "run.npz"}, "resume is 'run.npz'; give True or False, and the file as checkpoint"),
        ({"checkpoint": "/no/such/folder/run.npz"}, "the folder of the checkpoint .* does not exist"),
        ({"checkpoint": "/"}, "the checkpoint / is a folder; give a file in it"),
        ({"checkpoint": 3}, "checkpoint is a int; give the path of a file"),
        ({"seed": -1}, "seed is -1"),
        ({"args": [1.0]}, "args is a list; give a tuple"),
    ],
)
def test_wrong_options_have_their_sentence(options, sentence):
    with pytest.raises(kg.KetgradError, match=sentence):
        Descent().minimize(square, 1.0, **options)


def test_a_function_that_takes_no_seed_is_told_so():
    with pytest.raises(kg.InvalidTypeError, match="the function takes no seed; give it a keyword argument seed"):
        Descent().minimize(square, 1.0, steps=1, seed=3)
    assert Descent(0.25).minimize(lambda x, **options: x * x, 1.0, steps=1, seed=3).value == 0.25


@pytest.mark.parametrize(
    ("function", "x0", "sentence"),
    [
        (3, 1.0, "an optimizer minimizes a function, got a int"),
        (square, [1.0, 2.0], r"returned an array of shape \(2,\)"),
        (square, 1j, "the parameters are complex"),
        (square, "a", "the parameters is 'a'; only numbers and arrays"),
        (square, np.array([1, 2]), "the parameters is an array of int64"),
    ],
)
def test_wrong_problems_have_their_sentence(function, x0, sentence):
    with pytest.raises(kg.KetgradError, match=sentence):
        Descent().minimize(function, x0, steps=1)


@pytest.mark.parametrize("optimizer", [Descent(0.1), kg.optimize.SPSA(), kg.optimize.NaturalGradient(metric=square)])
@pytest.mark.parametrize("shape", [(2, 2), (64,)])
def test_a_loss_for_each_sample_is_told_to_be_a_mean(autodiff_backend, optimizer, shape):
    sentence = rf"returned an array of shape {re.escape(str(shape))} and type float64; .*: take the mean over a batch"
    with pytest.raises(kg.InvalidValueError, match=sentence):
        optimizer.minimize(square, np.ones(shape), steps=1)
    with pytest.raises(kg.InvalidValueError, match=sentence):
        optimizer.step(square, np.ones(shape))


@pytest.mark.parametrize("optimizer", [Descent(0.1), kg.optimize.SPSA()])
@pytest.mark.parametrize(("returned", "kind"), [((1.0, 2.0), "tuple"), ({"loss": 1.0}, "dict"), (None, "NoneType")])
def test_a_loss_that_is_no_array_has_its_sentence(optimizer, returned, kind):
    with pytest.raises(kg.InvalidTypeError, match=f"the function returned a {kind}[,;] "):
        optimizer.minimize(lambda x: returned, 1.0, steps=1)


def test_a_file_that_is_no_checkpoint_has_its_sentence(tmp_path):
    file = tmp_path / "run.npz"
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"run\.npz is no checkpoint of ketgrad"):
        Descent().minimize(square, 1.0, checkpoint=file, resume=True)
    assert file.read_bytes() == b"nothing of the kind"


def test_a_checkpoint_of_something_else_has_its_sentence(tmp_path):
    file = tmp_path / "run.npz"
    Descent(0.1).minimize(square, 1.0, steps=2, checkpoint=file)
    with pytest.raises(ValueError, match="was written by GradientDescent, and Adam can't go on from it"):
        kg.optimize.Adam(0.1).minimize(square, 1.0, checkpoint=file, resume=True)
    with pytest.raises(
        ValueError, match=r"holds x of shape \(\) and .*, and x0 has it of shape \(2,\) and .*; give its own"
    ):
        Descent(0.1).minimize(lambda x: x[0] ** 2, [1.0, 2.0], checkpoint=file, resume=True)


def test_a_checkpoint_without_all_its_entries_has_its_sentence(tmp_path):
    file = tmp_path / "run.npz"
    np.savez(file, about=np.array('{"format": "ketgrad training, version 1"}'))
    with pytest.raises(ValueError, match=r"run\.npz is no checkpoint of ketgrad"):
        Descent().minimize(square, 1.0, checkpoint=file, resume=True)


def test_parameters_are_resumed_by_their_names_in_whatever_order_they_stand(autodiff_backend, tmp_path):
    file = tmp_path / "run.npz"

    def distance(x):  # each step of η = ¼ halves it
        return (x["a"] - 1.0) ** 2 + (x["b"] + 1.0) ** 2

    Descent(0.25).minimize(distance, {"a": 3.0, "b": 7.0}, steps=1, checkpoint=file)
    resumed = Descent(0.25).minimize(distance, {"b": 0.0, "a": 0.0}, steps=2, checkpoint=file, resume=True)
    assert list(resumed.x) == ["b", "a"]
    assert [float(autodiff_backend.to_numpy(resumed.x[name])) for name in "ab"] == pytest.approx([1.5, 1.0], rel=1e-9)
    with pytest.raises(ValueError, match=r"holds x\['b'\], x\['a'\], and x0 has x\['a'\], x\['c'\]; give its own x0"):
        Descent(0.25).minimize(lambda x: x["a"] + x["c"], {"a": 1.0, "c": 1.0}, checkpoint=file, resume=True)


def test_a_checkpoint_that_exists_is_kept_unless_it_is_resumed(tmp_path):
    file = tmp_path / "run.npz"
    Descent(0.25).minimize(square, 1.0, steps=2, checkpoint=file)
    written = file.read_bytes()
    with pytest.raises(
        kg.InvalidValueError, match=r"run\.npz exists; give resume=True to go on from it, or another name, or delete it"
    ):
        Descent(0.25).minimize(square, 1.0, steps=2, checkpoint=str(file))
    assert file.read_bytes() == written


def test_a_run_that_fails_before_it_has_a_value_leaves_no_file_in_the_way(tmp_path):
    file, mistakes = tmp_path / "run.npz", [True]

    def f(x):
        if mistakes:
            raise RuntimeError("mine")
        return x * x

    with pytest.raises(RuntimeError):
        Descent(0.25).minimize(f, 1.0, checkpoint=file)
    assert list(tmp_path.iterdir()) == []
    mistakes.clear()
    assert Descent(0.25).minimize(f, 1.0, steps=1, checkpoint=file).value == pytest.approx(0.25)


def test_a_resumed_run_that_fails_at_once_leaves_the_checkpoint_as_it_was(tmp_path):
    file = tmp_path / "run.npz"
    Descent(0.25).minimize(square, 1.0, steps=3, checkpoint=file)
    with pytest.raises(TypeError):
        Descent(0.25).minimize(lambda: 0.0, 1.0, steps=5, checkpoint=file, resume=True)
    resumed = Descent(0.25).minimize(square, 1.0, steps=4, checkpoint=file, resume=True)
    np.testing.assert_allclose(resumed.history, [1.0, 4**-1, 4**-2, 4**-3, 4**-4], rtol=1e-9)


def test_options_are_those_of_the_call_that_resumes(autodiff_backend, tmp_path):
    file = tmp_path / "run.npz"
    Descent(0.25).minimize(square, 1.0, steps=1, checkpoint=file)  # x is halved
    resumed = Descent(0.05).minimize(square, 1.0, steps=2, checkpoint=file, resume=True)  # and then ×0.9
    assert float(autodiff_backend.to_numpy(resumed.x)) == pytest.approx(0.45, rel=1e-9)


def test_a_checkpoint_of_another_precision_is_refused(autodiff_backend, tmp_path):
    file = tmp_path / "run.npz"
    Descent(0.25).minimize(square, 1.0, steps=1, checkpoint=file)
    written = file.read_bytes()
    with (
        kg.use_precision("single"),
        pytest.raises(ValueError, match="written in double precision, and single is in force; choose double again"),
    ):
        Descent(0.25).minimize(square, 1.0, steps=2, checkpoint=file, resume=True)
    narrow = np.array(1.0, "float32")
    with pytest.raises(
        ValueError, match=r"holds x of shape \(\) and type float64, and x0 has it of .* type float32; give"
    ):
        Descent(0.25).minimize(square, narrow, steps=2, checkpoint=file, resume=True)
    assert file.read_bytes() == written


ON_ANOTHER_DEVICE = """
import sys
import jax
import ketgrad as kg
kg.set_backend("jax")
second = jax.devices()[1]
x0 = jax.device_put(jax.numpy.ones(2), second)
for steps in (1, 2):
    found = kg.optimize.Adam(0.1).minimize(
        lambda x: (x * x).sum(), x0, steps=steps, checkpoint=sys.argv[1], resume=True
    )
print(found.x.devices() == found.state["mean"].devices() == {second})
"""


def test_a_resumed_run_stays_on_the_device_of_x0(tmp_path):
    pytest.importorskip("jax")
    command = [sys.executable, "-c", ON_ANOTHER_DEVICE, str(tmp_path / "run.npz")]
    variables = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr


def test_a_file_that_cannot_be_written_is_found_before_training(tmp_path):
    (tmp_path / "run.npz.part").mkdir()
    seen = []
    with pytest.raises(OSError, match=r"run\.npz\.part"):
        Descent().minimize(lambda x: seen.append(x) or x * x, 1.0, checkpoint=tmp_path / "run.npz")
    assert seen == []


def test_a_checkpoint_needs_no_pickle(tmp_path):
    file = tmp_path / "run.npz"
    kg.optimize.Adam(0.1).minimize(square, 1.0, steps=2, checkpoint=file)
    with np.load(file, allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)
