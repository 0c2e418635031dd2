"""The command: exit codes, sentences, and the report on the terminal and as JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conformance_mutants import MUTANTS

import ketgrad as kg
import ketgrad_conformance


def run_quietly(backend, **options):
    return ketgrad_conformance.run(backend, parts=["protocol"], pytest_args=["--tb=line"], **options)


def command(*words, **options):
    line = [sys.executable, "-m", "ketgrad_conformance", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, **options)


def test_a_backend_that_conforms_exits_with_zero(tmp_path):
    done = command("numpy", "-k", "reshape", "--json", "report.json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "numpy conforms to what it declares" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_the_header_says_what_is_tested(capsys):
    run_quietly("numpy", select="reshape")
    header = capsys.readouterr().out
    for words in ("conformance of numpy", "library_version", "devices", "cpu", "double, single", "higher-order"):
        assert words in header


def test_a_backend_that_does_not_conform_exits_with_one(capsys):
    assert run_quietly(MUTANTS["StackIgnoresAxis"].backend(), select="stack") == 1
    assert "does not conform" in capsys.readouterr().out


def test_the_report_counts_by_capability(tmp_path):
    file = tmp_path / "report.json"
    run_quietly("strict", select="test_a_function_is_mapped or test_vjp_returns or test_what_a_pullback", report=file)
    report = json.loads(file.read_text())
    assert (report["backend"], report["conforms"]) == ("strict", True)
    assert report["capabilities"] == ["vmap", "jit", "linear-algebra"]
    assert report["not_declared"] == ["autodiff", "complex-autodiff", "higher-order", "host-function", "devices"]
    rows = {row["group"]: (row["passed"], row["failed"], row["known"], row["unsupported"]) for row in report["rows"]}
    assert rows == {"autodiff": (0, 0, 0, 2), "higher-order": (0, 0, 0, 2), "vmap": (2, 0, 0, 0)}
    assert report["counts"] == {"passed": 2, "failed": 0, "known": 0, "unsupported": 4}


def test_the_report_says_what_failed_and_why(tmp_path):
    file = tmp_path / "report.json"
    run_quietly(MUTANTS["NoVersion"].backend(), select="the_name_and_the_version", report=file)
    report = json.loads(file.read_text())
    (test,) = report["tests"].values()
    assert report["conforms"] is False
    assert test["outcome"] == "failed"
    assert test["covers"] == ["name", "library_version"]
    assert "assert" in test["detail"]


def test_an_error_in_the_teardown_of_a_test_counts_as_its_failure(tmp_path):
    class Leaves(type(kg.registry.resolve("numpy"))):
        def zeros(self, shape, /, *, dtype=None, device=None):
            kg.set_precision("single")
            return super().zeros(shape, dtype=dtype, device=device)

    file = tmp_path / "report.json"
    assert run_quietly(Leaves(), select="zeros_have_the_type", report=file) == 1
    outcomes = {test["outcome"] for test in json.loads(file.read_text())["tests"].values()}
    assert outcomes == {"failed"}


@pytest.mark.parametrize(("precision", "count"), [("double", 1), ("single", 1), ("both", 2)])
def test_precision_chooses_what_is_run(tmp_path, precision, count):
    file = tmp_path / "report.json"
    assert run_quietly("numpy", select="matmul_multiplies_matrices", precision=precision, report=file) == 0
    assert len(json.loads(file.read_text())["tests"]) == count


def test_single_precision_alone_names_no_double_type(tmp_path):
    class SingleOnly(type(kg.registry.resolve("numpy"))):
        def asarray(self, value, /, *, dtype=None, device=None):
            array = super().asarray(value, dtype=dtype, device=device)
            if str(array.dtype) in ("float64", "complex128"):
                raise kg.PrecisionError("there are no 64-bit types")
            return array

        def astype(self, array, dtype, /):
            if kg.precision.type_name(dtype) in ("float64", "complex128"):
                raise kg.PrecisionError("there are no 64-bit types")
            return super().astype(array, dtype)

        def zeros(self, shape, /, *, dtype=None, device=None):
            return self.asarray(super().zeros(shape, dtype=dtype, device=device))

    assert run_quietly(SingleOnly(), precision="single") == 0


def test_members_choose_the_tests_about_them(tmp_path):
    file = tmp_path / "report.json"
    assert run_quietly("numpy", members=["solve"], report=file) == 0
    tests = json.loads(file.read_text())["tests"].values()
    assert tests
    assert all("solve" in test["covers"] for test in tests)


def test_an_unknown_backend_is_refused_in_one_sentence():
    done = command("nothing")
    assert done.returncode == 2
    assert done.stderr.startswith("backend 'nothing' is not known; installed backends:")
    assert done.stderr.count("\n") == 1


def test_without_a_backend_the_command_says_how_it_is_used():
    done = command()
    assert done.returncode == 2
    assert "name a backend" in done.stderr


def test_without_pytest_the_command_says_what_to_install():
    blocked = "import sys; sys.modules['pytest'] = None; import ketgrad_conformance as c; sys.exit(c.main(['numpy']))"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'ketgrad[conformance]'" in done.stderr


def test_a_precision_that_the_framework_lacks_is_refused_before_any_test(capsys):
    class NoDouble(type(kg.registry.resolve("numpy"))):
        def zeros(self, shape, /, *, dtype=None, device=None):
            raise kg.PrecisionError("64-bit types are off; choose single precision")

    assert run_quietly(NoDouble()) == 4
    assert "choose single precision" in capsys.readouterr().err


def pytest_itself(*words, folder):
    line = [sys.executable, "-m", "pytest", "--ketgrad-backend", "strict", *words]
    test = ["--pyargs", "ketgrad_conformance.protocol.test_structure"]
    return subprocess.run([*line, *test], capture_output=True, text=True, check=False, cwd=folder)


def test_pytest_itself_runs_the_kit_by_its_configuration(tmp_path):
    file = Path(ketgrad_conformance.__file__).with_name("pytest.ini")
    done = pytest_itself("-c", str(file), folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conformance of strict" in done.stdout


def test_pytest_itself_without_the_configuration_is_told_of_it(tmp_path):
    done = pytest_itself("-p", "ketgrad_conformance.plugin", folder=tmp_path)
    assert done.returncode == 4
    assert "give pytest -c" in done.stderr


def test_a_run_leaves_the_backend_in_force_as_it_was():
    with kg.use_backend("strict") as before:
        run_quietly("numpy", select="reshape")
        assert kg.get_backend() is before
