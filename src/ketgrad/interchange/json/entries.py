"""What a record's entries are, told in one sentence where they are something else."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ketgrad.errors import InvalidTypeError, InvalidValueError, UnsupportedError


def entries_of(record: Any, what: str, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """Return the entries of a record, None for an optional one that is not there."""
    if not isinstance(record, dict):
        raise InvalidTypeError(f"{what} is {reprlib.repr(record)}; give a dictionary with {_listed(required)}")
    missing = [name for name in required if name not in record]
    unknown = [name for name in record if name not in (*required, *optional)]
    if missing or unknown:
        parts = [f"lacks {_listed(missing)}"] * bool(missing) + [f"has {_listed(unknown)}"] * bool(unknown)
        allowed = f", and if wanted {_listed(optional)}" if optional else ""
        raise InvalidValueError(f"{what} {' and '.join(parts)}; give {_listed(required) or 'nothing'}{allowed}")
    return {name: record.get(name) for name in (*required, *optional)}


def kind_of(record: Any, what: str, known: Collection[str]) -> str:
    """Return the entry "type" of a record, which says what the others are."""
    kind = record.get("type") if isinstance(record, dict) else None
    if not isinstance(kind, str) or kind not in known:
        shown = reprlib.repr(record if kind is None else kind)
        raise InvalidValueError(f"{what} is of the type {shown}; the types are {', '.join(known)}")
    return kind


def check_list(record: Any, what: str) -> list[Any]:
    """Return a list, or say that it is none."""
    if not isinstance(record, list | tuple):
        raise InvalidTypeError(f"{what} is {reprlib.repr(record)}; give a list")
    return list(record)


def check_header(record: Any, name: str, version: int) -> None:
    """Refuse what is no record of this name, or of another version of it."""
    given = record.get("format") if isinstance(record, dict) else None
    if given != name:
        shown = reprlib.repr(record if given is None else given)
        raise InvalidValueError(
            f'got {shown} where a dictionary with "format": "{name}" is due; give what to_dict made'
        )
    if type(record.get("version")) is not int or record["version"] != version:
        raise UnsupportedError(
            f"the {name} is of version {reprlib.repr(record.get('version'))}, and version {version} is read here; "
            "install the ketgrad that wrote it, or write it anew"
        )


@contextmanager
def place(what: str) -> Iterator[None]:
    """Put a place in the data before the sentence of an error that is raised there."""
    try:
        yield
    except (InvalidTypeError, InvalidValueError, UnsupportedError) as error:
        raise type(error)(f"{what}: {error}") from error


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(f'"{name}"' if isinstance(name, str) else reprlib.repr(name) for name in names)
