"""`kg.explain_gradients`: each verdict on every backend where it can occur, and how the report is read."""

import math

import numpy as np
import pytest

import ketgrad as kg
from ketgrad_conformance import expect


def verdicts(parameter):
    return [str(element.verdict) for element in parameter.elements]


def gradients(parameter):
    return [element.autodiff for element in parameter.elements]


def differences(parameter):
    return [element.finite_difference for element in parameter.elements]


def one(x):
    return kg.backend.array(x)


# Verdicts


def test_a_gradient_on_which_both_ways_agree_is_connected(autodiff_backend):
    report = kg.explain_gradients(lambda x: kg.backend.sum(x * x), one([3.0, -1.0]))
    assert verdicts(report["x"]) == ["connected"] * 2
    expect.near(report.value, 10.0, 1e-12)
    expect.near(gradients(report["x"]), [6.0, -2.0], 1e-12)
    expect.near(differences(report["x"]), [6.0, -2.0], 1e-8)
    assert [element.value for element in report["x"].elements] == [3.0, -1.0]


def test_an_argument_that_is_not_looked_at_is_unused(autodiff_backend):
    report = kg.explain_gradients(lambda x, y: 2.0 * x, one(1.0), one(5.0))
    assert verdicts(report["y"]) == ["unused"]
    assert gradients(report["y"]) == [None]
    assert report["y"].cuts == ()


def test_an_element_that_is_not_looked_at_is_unused(autodiff_backend):
    def function(theta):
        return kg.backend.take(theta, 0, axis=0) * kg.backend.take(theta, 2, axis=0)

    report = kg.explain_gradients(function, one([2.0, 3.0, 4.0]))
    assert verdicts(report["theta"]) == ["connected", "unused", "connected"]
    assert "theta[1] is unused: " in repr(report)


def test_a_detached_argument_is_detached_at_this_line(autodiff_backend):
    def function(x, y):
        return kg.backend.detach(x) * y

    report = kg.explain_gradients(function, one(2.0), one(3.0))
    assert verdicts(report["x"]) == ["detached"]
    assert gradients(report["x"]) == [None]
    expect.near(differences(report["x"]), [3.0], 1e-8)
    (cut,) = report["x"].cuts
    assert cut.place.source == "return kg.backend.detach(x) * y"
    assert cut.place.file == __file__
    assert cut.place.function == "function"
    assert verdicts(report["y"]) == ["connected"]


def test_one_detached_element_is_detached_alone(autodiff_backend):
    def function(theta):
        return kg.backend.take(theta, 0, axis=0) * kg.backend.detach(kg.backend.take(theta, 1, axis=0))

    report = kg.explain_gradients(function, one([2.0, 3.0]))
    assert verdicts(report["theta"]) == ["connected", "detached"]
    assert "detach(" in report["theta"].cuts[0].place.source


def test_where_one_of_two_paths_is_cut_it_is_partly_detached(autodiff_backend):
    report = kg.explain_gradients(lambda x: kg.backend.sum(kg.backend.detach(x) * x), one([3.0]))
    assert verdicts(report["x"]) == ["partly detached"]
    expect.near(gradients(report["x"]), [3.0], 1e-12)
    expect.near(differences(report["x"]), [6.0], 1e-8)
    assert len(report["x"].cuts) == 1
    with pytest.raises(kg.GradientError, match="automatic differentiation gives 3, finite differences 6"):
        report.assert_connected()


def test_a_conversion_to_integers_is_found(autodiff_backend):
    def function(x):
        return kg.backend.astype(kg.backend.astype(x, "int64"), "float64")

    report = kg.explain_gradients(function, one(2.5))
    assert verdicts(report["x"]) == ["detached"]
    assert "int64" in report["x"].cuts[0].how
    assert differences(report["x"]) == [0.0]


def test_a_stationary_point_is_zero_here_and_passes(autodiff_backend):
    report = kg.explain_gradients(lambda x: kg.backend.cos(x), one(0.0))
    assert verdicts(report["x"]) == ["zero here"]
    report.assert_connected()


def test_a_product_of_zeros_is_zero_here(autodiff_backend):
    report = kg.explain_gradients(lambda x, y: x * y, one(0.0), one(0.0))
    assert verdicts(report["x"]) == verdicts(report["y"]) == ["zero here"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_gradient_that_is_infinite_is_told(autodiff_backend):
    report = kg.explain_gradients(lambda x: kg.backend.sqrt(x), one(0.0))
    assert verdicts(report["x"]) == ["not finite"]
    with pytest.raises(kg.GradientError, match="x is not finite"):
        report.assert_connected()


def test_tiny_variances_everywhere_are_barren(autodiff_backend):
    def product_of_cosines(theta):  # a gradient's variance is 2^-n
        result = kg.backend.cos(kg.backend.take(theta, 0, axis=0))
        for index in range(1, 30):
            result = result * kg.backend.cos(kg.backend.take(theta, index, axis=0))
        return result

    theta = one(np.linspace(0.1, 0.4, 30))
    report = kg.explain_gradients(product_of_cosines, theta, samples=5)
    assert set(verdicts(report["theta"])) == {"barren"}
    assert "barren plateau (arXiv:1803.11173)" in report.remark
    report.assert_connected()
    assert set(verdicts(kg.explain_gradients(product_of_cosines, theta)["theta"])) == {"connected"}


def test_the_variance_that_is_told_is_that_of_the_gradient(autodiff_backend):
    report = kg.explain_gradients(lambda x: kg.backend.sin(x), one(1.0), samples=60)
    variance = float(report.remark.partition(" is ")[2].partition(":")[0])
    assert abs(variance - 0.5) < 0.15
    assert verdicts(report["x"]) == ["connected"]


# Functions and arguments


def test_a_circuit_of_symbols_is_explained_by_their_names(autodiff_backend):
    theta, phi = kg.parameters("theta", (2,)), kg.parameters("phi", ())
    circuit = kg.Circuit(2).rx(theta[0], 0).rz(theta[1], 1).cx(0, 1).ry(phi, 1)
    report = kg.explain_gradients(kg.function(circuit, kg.expval(kg.Z(1)), engine="traced"), one([0.4, 0.3]), 0.5)
    assert verdicts(report["theta"]) == ["connected", "unused"]
    expect.near(gradients(report["theta"])[0], -math.sin(0.4) * math.cos(0.5), 1e-12)
    expect.near(gradients(report["phi"]), [-math.cos(0.4) * math.sin(0.5)], 1e-12)


def test_small_gradients_of_a_circuit_are_looked_into_unasked(autodiff_backend):
    theta = kg.parameters("theta", (1,))
    function = kg.function(kg.Circuit(1).rx(theta[0], 0), kg.expval(kg.Z(0)), engine="traced")
    assert "no barren plateau" in kg.explain_gradients(function, [0.0]).remark
    assert kg.explain_gradients(function, [0.0], samples=0).remark == ""
    assert kg.explain_gradients(function, [0.5]).remark == ""


def test_containers_name_their_leaves(autodiff_backend):
    report = kg.explain_gradients(lambda p: p["w"][0] * p["b"], {"w": [one(2.0)], "b": one(3.0)})
    assert [parameter.name for parameter in report] == ["p['w'][0]", "p['b']"]
    assert len(report) == 2
    report.assert_connected()


def test_integers_and_words_among_the_arguments_are_handed_on(autodiff_backend):
    def function(x, power, name):
        assert isinstance(power, int)
        return x * power if name == "times" else None

    report = kg.explain_gradients(function, one(2.0), 3, "times")
    assert [parameter.name for parameter in report] == ["x"]


def test_argnums_choose_the_arguments(autodiff_backend):
    report = kg.explain_gradients(lambda x, y: x * y, one(2.0), one(3.0), argnums=[-1])
    assert [parameter.name for parameter in report] == ["y"]
    expect.near(gradients(report["y"]), [2.0], 1e-12)


def test_an_array_of_integers_is_detached_by_its_type(autodiff_backend):
    report = kg.explain_gradients(lambda x, n: x * kg.backend.astype(n, "float64"), one(2.0), np.array(3))
    assert verdicts(report["n"]) == ["detached"]
    assert "int64, which has no derivative" in report["n"].cuts[0].how
    assert verdicts(report["x"]) == ["connected"]


def test_a_complex_argument_has_complex_gradients(autodiff_backend):
    report = kg.explain_gradients(lambda z: kg.backend.real(kg.backend.conj(z) * z), one(1.0 + 2.0j))
    expect.near(gradients(report["z"]), [2.0 + 4.0j], 1e-12)
    expect.near(differences(report["z"]), [2.0 + 4.0j], 1e-8)
    assert verdicts(report["z"]) == ["connected"]


def test_single_precision_is_compared_to_what_it_can_keep(autodiff_backend):
    with kg.use_precision("single"):
        x = kg.backend.array([0.3, 0.0], dtype="float32")
        report = kg.explain_gradients(lambda x: kg.backend.sum(kg.backend.cos(x)), x)
    assert verdicts(report["x"]) == ["connected", "zero here"]


def test_a_few_elements_of_a_large_array_are_looked_at(autodiff_backend):
    report = kg.explain_gradients(lambda x: kg.backend.sum(x * x), one(np.ones(50)), max_elements=3)
    assert len(report["x"].elements) == 3
    assert report["x"].note.startswith("3 of its 50 elements were looked at")


def test_without_automatic_differentiation_that_is_the_reason():
    with kg.use_backend("strict"):
        report = kg.explain_gradients(lambda x, y: x * x, 3.0, 1.0)
    assert verdicts(report["x"]) == ["detached"]
    assert report["x"].cuts[0].how == "the strict backend has no automatic differentiation"
    assert verdicts(report["y"]) == ["unused"]


def test_the_precision_and_the_arguments_are_left_as_they_were(autodiff_backend):
    given = np.array([1.0, 2.0])
    kg.explain_gradients(lambda x: kg.backend.sum(x * x), given)
    assert given.tolist() == [1.0, 2.0]


# Refusals


def test_a_function_that_returns_another_number_each_time_is_refused(backend):
    numbers = iter(range(100))
    with pytest.raises(kg.InvalidValueError, match="fix its seeds"):
        kg.explain_gradients(lambda x: x * float(next(numbers)), 2.0)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((), {}, kg.InvalidValueError, "found no array"),
        (("text",), {}, kg.InvalidValueError, "found no array"),
        ((1.0,), {"argnums": 1}, kg.InvalidValueError, "argument 1"),
        ((1.0,), {"argnums": 0.5}, kg.InvalidTypeError, "argnums"),
        ((1.0,), {"samples": 1}, kg.InvalidValueError, "2 or more"),
        ((1.0,), {"samples": -3}, kg.InvalidValueError, "2 or more"),
        ((1.0,), {"max_elements": 0}, kg.InvalidValueError, "max_elements is 0"),
        ((1.0,), {"seed": "x"}, kg.InvalidTypeError, "seed"),
    ],
)
def test_what_can_t_be_explained_is_refused(arguments, options, error, words):
    with pytest.raises(error, match=words) as caught:
        kg.explain_gradients(lambda *_: 1.0, *arguments, **options)
    assert "\n" not in str(caught.value)


def test_no_function_is_refused():
    with pytest.raises(kg.InvalidTypeError, match="needs a function, got float"):
        kg.explain_gradients(3.0)


@pytest.mark.parametrize("name", ["numpy", "strict"])
def test_held_parameters_are_refused_where_there_are_none(name):
    with kg.use_backend(name), pytest.raises(kg.UnsupportedError, match="make them arguments"):
        kg.explain_gradients(lambda: 1.0, parameters={"x": np.ones(2)})


def test_an_exception_of_the_function_comes_through(backend):
    def function(x):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match=r"^mine$"):
        kg.explain_gradients(function, 1.0)


# Reading the report


def sample_report():
    return kg.explain_gradients(lambda x, y, z: x * kg.backend.detach(y), 2.0, 3.0, 1.0)


def test_assert_connected_names_each_culprit_and_why(autodiff_backend):
    report = sample_report()
    report.assert_connected("x")
    with pytest.raises(kg.GradientError) as caught:
        report.assert_connected()
    assert "y is detached: " in str(caught.value)
    assert "z is unused: " in str(caught.value)
    assert "x is" not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(kg.GradientError, match=r"^z is unused"):
        report.assert_connected("x", "z")


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(kg.InvalidValueError, match="no parameter is named 'w'; there are x, y, z"):
        sample_report().assert_connected("w")


def test_the_report_prints_in_100_columns():
    text = repr(sample_report())
    assert max(map(len, text.splitlines())) <= 100
    assert not any(line != line.rstrip() for line in text.splitlines())
    for word in ("parameter", "autodiff", "finite difference", "verdict", "detached", "unused", "connected"):
        assert word in text


def test_the_notebook_table_escapes_what_it_shows():
    def function(p):
        return p["<b>"] * (kg.backend.detach(p["<i>"]) if 1 < 2 else 0)

    shown = kg.explain_gradients(function, {"<b>": 1.0, "<i>": 2.0})._repr_html_()
    assert shown.count("<td>") == 10
    assert "<b>" not in shown
    assert "&lt;i&gt;" in shown
    assert "1 &lt; 2" in shown
    assert "<strong>detached</strong>" in shown


def test_a_report_of_connected_gradients_alone_has_no_list():
    assert "<ul>" not in kg.explain_gradients(lambda x: x * x, 3.0)._repr_html_()


def test_many_elements_of_one_verdict_share_a_row():
    report = kg.explain_gradients(lambda x: kg.backend.take(x, 0, axis=0) * 2.0, np.arange(1.0, 9.0))
    assert "x[1], x[2], x[3] and 4 more are unused" in repr(report).replace("\n  ", " ")
