"""Records of backends, made in a process each, and their comparison."""

import json

import pytest

import ketgrad as kg
from ketgrad.errors import InvalidValueError
from ketgrad_conformance import agreement, main
from ketgrad_conformance.agreement_cases import CASES


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    for name in ("numpy", "strict"):
        assert main([name, "--record", str(folder / name)]) == 0
    return folder / "numpy", folder / "strict"


def changed(record, folder, change):
    content = json.loads(record.read_text()) | {"backend": "other"}
    change(content["results"])
    file = folder / "other"
    file.write_text(json.dumps(content))
    return file


def test_backends_agree_to_twelve_digits(records, capsys):
    assert main(["--compare", *map(str, records)]) == 0
    assert "numpy, strict" in capsys.readouterr().out


def test_what_a_backend_does_not_declare_is_left_out(records, capsys):
    found = {entry.case: entry.backends for entry in agreement.compare(records)}
    assert found["random circuit 0"] == ("numpy", "strict")
    assert found["Hessian"] == ("numpy",)
    main(["--compare", *map(str, records)])
    assert "not compared" in capsys.readouterr().out


def test_a_record_has_every_case(records):
    assert list(json.loads(records[0].read_text())["results"]) == list(CASES)


def test_a_difference_in_the_twelfth_digit_is_found(records, tmp_path, capsys):
    def change(results):
        results["random circuit 3"][2]["real"] += 1e-11

    other = changed(records[0], tmp_path, change)
    assert main(["--compare", str(records[0]), str(other)]) == 1
    assert "TOO LARGE" in capsys.readouterr().out
    assert [entry.case for entry in agreement.compare([records[0], other]) if not entry.holds] == ["random circuit 3"]


def test_another_shape_and_a_number_that_is_none_are_found(records, tmp_path):
    def shorten(results):
        results["random circuit 0"][0]["real"].pop()
        results["random circuit 0"][0]["imag"].pop()

    def spoil(results):
        results["random circuit 0"][0]["real"][3] = float("nan")

    for change in (shorten, spoil):
        other = changed(records[0], tmp_path, change)
        assert [entry.case for entry in agreement.compare([records[0], other]) if not entry.holds] == [
            "random circuit 0"
        ]


def test_one_record_two_of_one_backend_and_another_file_are_refused(records, tmp_path, capsys):
    with pytest.raises(InvalidValueError, match="two records or more"):
        agreement.compare(records[:1])
    with pytest.raises(InvalidValueError, match="two records are of one backend"):
        agreement.compare([records[0], records[0]])
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InvalidValueError, match="is no record"):
        agreement.compare([records[0], tmp_path / "other.json"])
    assert main(["--compare", str(tmp_path / "absent.json"), str(records[0])]) == 2
    assert "no record can be read" in capsys.readouterr().err


def test_recording_leaves_backend_and_precision_as_they_were(tmp_path):
    with kg.use_backend("strict") as before, kg.use_precision("single"):
        agreement.record("numpy", tmp_path / "numpy")
        assert kg.get_backend() is before
        assert kg.get_precision() == "single"
