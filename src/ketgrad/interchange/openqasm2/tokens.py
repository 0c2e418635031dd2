"""Splits the text into tokens, in one pass and without backtracking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ketgrad.interchange.errors import QasmError
from ketgrad.interchange.openqasm2.limits import Limits

_PATTERN = re.compile(
    r"""
      (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
    | (?P<comment>//[^\n]*)
    | (?P<symbol>->|==|[;,()\[\]{}+\-*/^])
    | (?P<newline>\n+)
    | (?P<blank>[ \t]+)
    | (?P<string>"[^"\n]*")
    | (?P<unknown>.)
    """,
    re.VERBOSE,
)
_LONGEST_QUOTE = 40


class Token(NamedTuple):
    """A piece of the text: its kind (word, number, symbol, string or end) and where it starts."""

    kind: str
    text: str
    line: int
    column: int

    def shown(self) -> str:
        """Return the token as a message quotes it: short and in ASCII whatever it holds."""
        if self.kind == "end":
            return "the end of the file"
        if len(self.text) > _LONGEST_QUOTE:
            return ascii(self.text[:_LONGEST_QUOTE] + "...")
        return ascii(self.text)

    def error(self, sentence: str) -> QasmError:
        """Return the error that `sentence` describes, placed at this token."""
        return QasmError(sentence, self.line, self.column)


def tokenize(text: str, limits: Limits) -> Iterator[Token]:
    """Yield the tokens of `text` without blanks and comments, closed by one of kind `end`.

    Lines end in LF, CR LF or CR. Raises QasmError at the first character outside the language.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    line, line_start = 1, 0
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "newline":
            line += len(match[0])
            line_start = match.end()
        elif kind != "blank":
            token = Token(kind, match[0], line, match.start() - line_start + 1)
            _check(token, limits)
            if kind != "comment":
                yield token
    yield Token("end", "", line, len(text) - line_start + 1)


def _check(token: Token, limits: Limits) -> None:
    if token.kind == "number" and len(token.text) > limits.digits:
        raise token.error(limits.exceeded("digits", "too many digits in a number"))
    if token.kind == "comment":
        _check_comment(token)
    if token.kind == "unknown":
        raise token.error(_unknown(token.text))


def _check_comment(token: Token) -> None:
    # Invisible characters (NUL, bidirectional overrides) can make a comment look like code.
    if token.text.isprintable():
        return
    for index, character in enumerate(token.text):
        if not character.isprintable() and character != "\t":
            raise token._replace(column=token.column + index).error(_unknown(character))


def _unknown(character: str) -> str:
    if character == '"':
        return "unterminated string: a closing '\"' is missing on this line"
    return f"unexpected character {character!a} (U+{ord(character):04X})"
