"""Hamiltonians in JSON files."""

import pytest

import ketgrad as kg

GOOD = '{"description": "a pair", "terms": {"Z0 Z1": -1, "X0": -0.5, "I": 2.0, "Y11": 1e-300}}'


def test_terms_are_read_as_they_stand(tmp_path):
    path = tmp_path / "h.json"
    path.write_text(GOOD)
    found = dict(kg.hamiltonians.load(path).words)
    assert found == {((0, "Z"), (1, "Z")): -1.0, ((0, "X"),): -0.5, (): 2.0, ((11, "Y"),): 1e-300}


def test_what_is_saved_is_read_again_to_the_last_digit(tmp_path):
    path, before = tmp_path / "h2.json", kg.hamiltonians.h2()
    kg.hamiltonians.save(before, path, "hydrogen")
    assert kg.hamiltonians.load(path).words == before.words


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Expecting value"),
        ("[]", "there are no terms; give an object such as"),
        ('{"terms": []}', "there are no terms"),
        ('{"terms": {}}', "there are no terms"),
        ('{"terms": {"Z0": 1}, "qubits": 3}', "'qubits' is not known"),
        ('{"terms": {"Z0": 1, "Z0": 2}}', "'Z0' is there twice; give each word once"),
        ('{"terms": {"Z0": NaN}}', "NaN is no coefficient; give finite numbers"),
        ('{"terms": {"Z0": 1e999}}', "the coefficient of 'Z0' is inf; give a finite number"),
        ('{"terms": {"Z0": "1"}}', "the coefficient of 'Z0' is '1'; give a finite number"),
        ('{"terms": {"Z0": true}}', "the coefficient of 'Z0' is True; give a finite number"),
        ('{"terms": {"Z0": [1, 0]}}', "give a finite number"),
        ('{"terms": {"Q0": 1}}', "'Q0' is no Pauli word"),
        ('{"terms": {"Z0 X0": 1}}', "'Z0 X0' names a qubit twice"),
        ("[" * 100000, "h.json"),
        ("\x00", "Expecting value"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path, text, sentence):
    path = tmp_path / "h.json"
    path.write_text(text)
    with pytest.raises(kg.KetgradError, match=r"h\.json") as caught:
        kg.hamiltonians.load(path)
    assert sentence in str(caught.value)


def test_a_file_of_another_encoding_is_refused(tmp_path):
    path = tmp_path / "h.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"h\.json: 'utf-8' codec can't decode"):
        kg.hamiltonians.load(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "h.json"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(ValueError, match="has more than 64 MiB"):
        kg.hamiltonians.load(path)


def test_only_sums_with_plain_numbers_are_saved(tmp_path):
    with pytest.raises(TypeError, match="save takes a Pauli sum, got a int"):
        kg.hamiltonians.save(3, tmp_path / "h.json")
    coefficient = kg.backend.asarray(0.5)
    with pytest.raises(TypeError, match="the coefficients hold arrays"):
        kg.hamiltonians.save(kg.PauliSum({"Z0": coefficient}), tmp_path / "h.json")
    assert not (tmp_path / "h.json").exists()
