"""The benchmarks of the checkout: that they report what they found, and that the two engines agree in them."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def results(seconds):
    """Return the results of an invented run: seconds by contestant, at each place of the depth workload."""
    from benchmarks.options import parse, settings_of
    from benchmarks.results import Results
    from benchmarks.running import Outcome
    from benchmarks.workloads import Case

    outcomes = [
        Outcome(Case("depth", place), name, cpu=[time], value=1.0, deviation=0.0)
        for name, times in seconds.items()
        for place, time in times.items()
    ]
    machine = {"date": "2026-11-21", "processor": "P", "processors": 2, "copy_bandwidth": 1e10, "versions": {}}
    return Results(outcomes, machine, settings_of(parse([])), "cpu", "ketgrad numpy")


def test_a_page_with_marks_keeps_all_but_what_lies_between_them(tmp_path):
    from benchmarks.reporting.markdown import BEGIN, END, write

    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        write(page, results({"ketgrad numpy": {1: 0.001}, "qulacs": {1: 0.0025}}), tmp_path / "images" / "x.png")
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "| qulacs | 2.5 ms (2.50×) |" in text
    assert text.count("(images/x.png)") == 1


def test_ratios_refer_to_the_first_contestant_with_a_time_where_the_chosen_one_has_none():
    from benchmarks.workloads import Case

    found = results({"ketgrad numpy": {1: 1.0}, "ketgrad torch": {1: 2.0, 6: 3.0}, "qulacs": {6: 12.0}})
    assert found.ratio("ketgrad torch", Case("depth", 1)) == 2.0
    assert found.ratio("qulacs", Case("depth", 6)) == 4.0


def test_a_contestant_that_ran_out_of_time_is_left_out_of_harder_cases_alone():
    from benchmarks.running import FIRST_CALL_OVER, Outcome, measure
    from benchmarks.workloads import Case

    earlier = [Outcome(Case("depth", 6), "qulacs", FIRST_CALL_OVER)]
    settings = results({}).settings
    [outcome] = measure(Case("depth", 50), ["qulacs"], settings, lambda text: None, earlier)
    assert outcome.problem == "not run: over the time limit at 6 layers already"
    assert not Case("depth", 6).is_within(Case("depth", 1))
    assert not Case("entangling", 4).is_within(Case("entangling", 20))  # fewer qubits, but more gates
    assert not Case("depth", 6).is_within(Case("template", 24))


@pytest.mark.parametrize(
    ("workload", "framework"),
    [
        ("recurrent", "numpy"),
        pytest.param("training", "torch", marks=pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")),
    ],
)
def test_both_engines_agree_on_value_and_gradient(workload, framework, tmp_path):
    report = tmp_path / "report.json"
    words = ["--workloads", workload, "--contestants", f"ketgrad {framework}", f"ketgrad-traced {framework}"]
    limits = ["--repeats", "1", "--seconds", "0", "--timeout", "300", "--no-memory", "--json", str(report)]
    command = [sys.executable, "-m", "benchmarks", *words, *limits]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(report.read_text())["outcomes"]
    assert [outcome["problem"] for outcome in outcomes] == [None, None]
    assert max(outcome["deviation"] for outcome in outcomes) < 1e-8
    assert "times over those of" in done.stdout
