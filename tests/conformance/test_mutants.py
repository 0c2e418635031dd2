"""The kit fails on every backend that is wrong in one way, and not on the one they are made from."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conformance_mutants import MUTANTS

from ketgrad.protocol import PROTOCOL_MEMBERS

RUNNER = Path(__file__).with_name("run_mutants.py")


@pytest.fixture(scope="module")
def verdicts():
    done = subprocess.run([sys.executable, str(RUNNER)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_kit_fails_on_a_backend_that_is_wrong_in_one_way(verdicts, name):
    found = verdicts["mutants"][name]
    assert found["code"] == 1, f"survives: {MUTANTS[name].fault}"
    names = {test.partition("::")[2].partition("[")[0] for test in found["failed"]}
    assert MUTANTS[name].caught_by in names, f"caught, but by {sorted(names)}"


@pytest.mark.parametrize("member", PROTOCOL_MEMBERS)
def test_breaking_a_member_fails_the_tests_that_say_they_cover_it(verdicts, member):
    assert verdicts["members"][member]["code"] == 1


def test_the_kit_passes_on_the_backend_that_the_mutants_are_made_from(verdicts):
    assert verdicts["none"] == {"code": 0, "failed": []}


def test_there_are_at_least_twenty_mutants():
    assert len(MUTANTS) >= 20
