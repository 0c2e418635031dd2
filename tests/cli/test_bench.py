"""`ketgrad bench`, which passes on to the benchmarks of a checkout of the sources."""

import pytest

import ketgrad
from ketgrad.cli import main

ECHO = "import json, pathlib, sys; pathlib.Path('said.json').write_text(json.dumps(sys.argv[1:])); sys.exit(3)"


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose benchmarks write down their arguments, in the folder at hand, and exit with 3."""
    (tmp_path / "src" / "ketgrad").mkdir(parents=True)
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").touch()
    (tmp_path / "benchmarks" / "__main__.py").write_text(ECHO)
    return tmp_path


@pytest.mark.parametrize("arguments", [[], ["--quick", "--json", "x.json"], ["--help"]])
def test_bench_passes_its_options_on_from_any_folder_of_a_checkout(checkout, monkeypatch, arguments):
    folder = checkout / "docs"
    (folder / "benchmarks").mkdir(parents=True)
    (folder / "benchmarks" / "__main__.py").write_text("raise SystemExit('the wrong benchmarks')")
    monkeypatch.chdir(folder)
    assert main(["bench", *arguments]) == 3
    assert (folder / "said.json").read_text() == str(arguments).replace("'", '"')


def test_bench_finds_the_checkout_that_ketgrad_is_installed_from(checkout, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(ketgrad, "__file__", str(checkout / "src" / "ketgrad" / "__init__.py"))
    assert main(["bench"]) == 3
    assert (elsewhere / "said.json").exists()


def test_bench_says_where_the_sources_are_to_be_had(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ketgrad, "__file__", str(tmp_path / "site-packages" / "ketgrad" / "__init__.py"))
    assert main(["bench", "--quick"]) == 2
    sentence = capsys.readouterr().err
    assert sentence.startswith("ketgrad: the benchmarks are not in the installed package but in its sources;")
    assert "pip download --no-deps --no-binary ketgrad ketgrad" in sentence
