"""The error that every reader of OpenQASM raises, with the place in the text."""

from __future__ import annotations

from ketgrad.errors import KetgradError


class QasmError(KetgradError, ValueError):
    """A program that is wrong, or beyond what is read so far, with the place where that shows.

    Parameters
    ----------
    sentence
        What is wrong and what would be right.
    line, column
        Place in the text, both counted from 1.

    Examples
    --------
    >>> str(QasmError("missing ';'", line=3, column=7))
    "line 3, column 7: missing ';'"
    """

    def __init__(self, sentence: str, line: int, column: int) -> None:
        super().__init__(sentence, line, column)
        self.sentence = sentence
        self.line = line
        self.column = column

    @property
    def message(self) -> str:
        """The place and the sentence: `line 3, column 7: …`."""
        return f"line {self.line}, column {self.column}: {self.sentence}"

    def __str__(self) -> str:
        return self.message
