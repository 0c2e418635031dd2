"""Walks over the tokens one at a time, and says what was expected where another stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from ketgrad.interchange.errors import QasmError
from ketgrad.interchange.openqasm2.tokens import Token

Item = TypeVar("Item")

_STATEMENTS = "OPENQASM include qreg creg gate opaque measure reset barrier if"
_VALUES = "pi sin cos tan exp ln sqrt"
_RESERVED = frozenset(f"{_STATEMENTS} {_VALUES}".split())


class Cursor:
    """A place in a stream of tokens: the one to be read next is `current`."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        self._tokens = tokens
        self._previous = Token("start", "", 1, 1)
        self.current = next(tokens)

    def advance(self) -> Token:
        """Return the current token and move past it; the end is never passed."""
        token = self.current
        if token.kind != "end":
            self._previous, self.current = token, next(self._tokens)
        return token

    def accept(self, text: str) -> bool:
        """Move past the current token if it is `text`, and say whether it was."""
        found = self.current.text == text
        if found:
            self.advance()
        return found

    def expect(self, text: str) -> Token:
        """Return the current token, which must be `text`, and move past it."""
        if self.current.text != text:
            raise self.unexpected(f"'{text}'")
        return self.advance()

    def end_statement(self) -> None:
        """Move past the semicolon; one that is missing is missed right after the last token."""
        if not self.accept(";"):
            last = self._previous
            after = last._replace(column=last.column + len(last.text))
            raise after.error("missing ';' at the end of this statement")

    def name(self, what: str) -> Token:
        """Return the current token, which must be a name, and move past it."""
        if self.current.kind != "word" or self.current.text in _RESERVED:
            raise self.unexpected(what)
        return self.advance()

    def new_name(self, what: str) -> Token:
        """Return the current token, which must be fit to be declared, and move past it."""
        token = self.name(what)
        if not token.text[0].islower():
            raise token.error(f"{token.shown()} cannot be declared; names start with a letter a-z")
        return token

    def integer(self, what: str) -> int:
        """Return the value of the current token, which must be an integer, and move past it."""
        if not self.current.text.isdigit():
            raise self.unexpected(what)
        return int(self.advance().text)

    def unexpected(self, expected: str) -> QasmError:
        """Return the error for the current token standing where `expected` should."""
        return self.current.error(f"expected {expected}, found {self.current.shown()}")


def read_list(cursor: Cursor, read_item: Callable[[], Item]) -> list[Item]:
    """Read one item or more, separated by commas."""
    items = [read_item()]
    while cursor.accept(","):
        items.append(read_item())
    return items
