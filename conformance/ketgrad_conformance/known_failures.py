"""Known failures: a table for each backend, from test to kind and reason, always strict.

A table is TOML. Tests are named as the report names them:

    ["protocol/test_vmap.py::test_a_negative_axis_counts_from_the_end"]
    kind = "upstream"
    reason = "https://example.org/issues/1"

Three places are read: the kit's own `known/NAME.toml`; the files that installed distributions name in the entry-point
group "ketgrad.known_failures" (under the backend's name, a callable that returns the file's path); and the file given
as `--known FILE`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from ketgrad.errors import InvalidValueError

GROUP = "ketgrad.known_failures"
BUILT_IN = Path(__file__).parent / "known"
KINDS = {
    "bug": "the backend is wrong and will be mended",
    "upstream": "the framework is wrong",
    "never": "the framework can't do it",
}


@dataclass(frozen=True)
class KnownFailure:
    """Why a test is expected to fail."""

    kind: str
    reason: str


Table = Mapping[str, KnownFailure]


def known_failures(name: str, file: Path | None = None) -> dict[str, KnownFailure]:
    """Return the table of a backend, from all places.

    Parameters
    ----------
    name
        The backend's name; a colon in it becomes a hyphen in the file's name.
    file
        A table in TOML besides those that are found by name.

    Raises
    ------
    InvalidValueError
        If a table does not have the form above, or two of them name the same test.
    """
    table: dict[str, KnownFailure] = {}
    for path in _paths(name, file):
        entries = read_table(path)
        doubled = sorted(table.keys() & entries.keys())
        if doubled:
            raise InvalidValueError(f"{path}: {doubled[0]} is in another table of known failures too; keep one")
        table |= entries
    return table


def read_table(path: Path) -> dict[str, KnownFailure]:
    """Read one table, checking every entry."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidValueError(f"{path}: no table of known failures can be read from it ({error})") from error
    return {test: _entry(path, test, entry) for test, entry in content.items()}


def unmatched(table: Table, tests: Iterable[str], files: Iterable[str]) -> list[str]:
    """Return the entries that match no test, of those whose file was collected or does not exist.

    Parameters
    ----------
    table
        The known failures.
    tests
        The tests that were collected.
    files
        The files of the kit.
    """
    tests, files = set(tests), set(files)
    collected = {_file(test) for test in tests}
    return [test for test in table if test not in tests and (_file(test) in collected or _file(test) not in files)]


def _paths(name: str, file: Path | None) -> list[Path]:
    built_in = BUILT_IN / f"{name.replace(':', '-')}.toml"
    found = [Path(point.load()()) for point in entry_points(group=GROUP) if point.name == name]
    return [*([built_in] if built_in.exists() else []), *found, *([file] if file else [])]


def _entry(path: Path, test: str, entry: object) -> KnownFailure:
    if not isinstance(entry, dict) or set(entry) != {"kind", "reason"}:
        raise InvalidValueError(f"{path}: {test} needs kind and reason, and nothing else")
    if entry["kind"] not in KINDS or not isinstance(entry["reason"], str) or not entry["reason"].strip():
        raise InvalidValueError(f"{path}: {test} needs a kind of {', '.join(KINDS)}, and a reason in words")
    return KnownFailure(entry["kind"], entry["reason"])


def _file(test: str) -> str:
    return test.partition("::")[0]
