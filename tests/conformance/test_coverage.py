"""The kit leaves nothing of the protocol untested."""

import json

import pytest

import ketgrad_conformance
from ketgrad.protocol import PROTOCOL_MEMBERS, Capability
from ketgrad_conformance.capabilities import IMPLIED


@pytest.fixture(scope="module")
def tests(tmp_path_factory):
    file = tmp_path_factory.mktemp("report") / "report.json"
    ketgrad_conformance.run("numpy", parts=["protocol"], report=file, pytest_args=["--tb=no"])
    return json.loads(file.read_text())["tests"]


def test_every_member_of_the_protocol_has_a_test(tests):
    covered = {member for test in tests.values() for member in test["covers"]}
    assert covered == set(PROTOCOL_MEMBERS)


@pytest.mark.parametrize("capability", Capability)
def test_every_capability_has_tests_that_need_it_alone(tests, capability):
    alone = {capability.value} | {implied.value for implied in IMPLIED.get(capability, ())}
    needs = [set(test["requires"]) for test in tests.values()]
    assert any(capability.value in need and need <= alone for need in needs)


def test_names_of_tests_are_sentences(tests):
    names = {test.partition("::")[2].partition("[")[0] for test in tests}
    assert [name for name in names if len(name.split("_")) < 4] == []
