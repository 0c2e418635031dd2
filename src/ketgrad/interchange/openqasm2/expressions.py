"""Angles: arithmetic is compiled to postfix order once, and evaluated with a stack.

Neither step recurses, so the depth of an expression is bounded by `Limits`, not by Python.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ketgrad.interchange.openqasm2.cursor import Cursor
from ketgrad.interchange.openqasm2.limits import Limits
from ketgrad.interchange.openqasm2.tokens import Token


@dataclass(frozen=True, slots=True)
class Operation:
    """A function of the topmost numbers of the stack; `binding` says how tightly it holds them."""

    token: Token
    function: Callable[..., float]
    arity: int
    binding: int

    def apply(self, stack: list[float]) -> None:
        """Replace the operands on top of `stack` by the result, which must be a finite number."""
        operands = stack[-self.arity :]
        del stack[-self.arity :]
        stack.append(self._result(operands))

    def _result(self, operands: list[float]) -> float:
        try:
            result = self.function(*operands)
        except ZeroDivisionError:
            raise self.token.error("division by zero") from None
        except (ValueError, OverflowError):
            result = math.nan
        if not math.isfinite(result):
            shown = " and ".join(str(operand) for operand in operands)
            raise self.token.error(f"'{self.token.text}' of {shown} is no finite real number")
        return result


Expression = tuple[float | str | Operation, ...]
"""Postfix steps: push a number, push the parameter of that name, apply an operation."""

_SUM, _PRODUCT, _NEGATION, _POWER, _FUNCTION = range(5)
_BINARY: dict[str, tuple[Callable[..., float], int]] = {
    "+": (operator.add, _SUM),
    "-": (operator.sub, _SUM),
    "*": (operator.mul, _PRODUCT),
    "/": (operator.truediv, _PRODUCT),
    "^": (math.pow, _POWER),
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
}


def evaluate(expression: Expression, parameters: Mapping[str, float]) -> float:
    """Return the value of `expression` with its names bound to `parameters`."""
    stack: list[float] = []
    for step in expression:
        if isinstance(step, float):
            stack.append(step)
        elif isinstance(step, str):
            stack.append(parameters[step])
        else:
            step.apply(stack)
    return stack[0]


def read_expression(cursor: Cursor, names: Collection[str], limits: Limits) -> Expression:
    """Compile the expression that starts at the cursor, in which `names` may occur.

    The order of precedence is `^` (from the right), sign, `*` and `/`, `+` and `-`.
    """
    return _Compiler(cursor, names, limits).compile()


class _Compiler:
    """Dijkstra's shunting yard: operations wait until what binds tighter has been written."""

    def __init__(self, cursor: Cursor, names: Collection[str], limits: Limits) -> None:
        self._cursor = cursor
        self._names = names
        self._limits = limits
        self._written: list[float | str | Operation] = []
        self._waiting: list[Operation | None] = []  # None is an open parenthesis
        self._nesting = 0

    def compile(self) -> Expression:
        """Read operands and the operators between them until something else stands there."""
        self._read_operand()
        while self._cursor.current.text in _BINARY:
            self._read_operator()
            self._read_operand()
        if self._nesting:
            raise self._cursor.unexpected("an operator or ')'")
        self._write_waiting(_SUM)
        return tuple(self._written)

    def _read_operand(self) -> None:
        while self._read_prefix():
            pass
        self._written.append(self._read_atom())
        while self._nesting and self._cursor.accept(")"):
            self._write_waiting(_SUM)
            self._waiting.pop()
            self._nesting -= 1

    def _read_prefix(self) -> bool:
        token = self._cursor.current
        if token.text == "-":
            self._waiting.append(Operation(self._cursor.advance(), operator.neg, 1, _NEGATION))
        elif token.text == "(":
            self._open()
        elif token.text in _FUNCTIONS:
            function = _FUNCTIONS[token.text]
            self._waiting.append(Operation(self._cursor.advance(), function, 1, _FUNCTION))
            self._open()
        else:
            return False
        return True

    def _open(self) -> None:
        token = self._cursor.expect("(")
        self._nesting += 1
        if self._nesting > self._limits.nesting:
            raise token.error(self._limits.exceeded("nesting", "parentheses nested too deeply"))
        self._waiting.append(None)

    def _read_atom(self) -> float | str:
        token = self._cursor.current
        if token.kind == "number":
            return _number(self._cursor.advance())
        if self._cursor.accept("pi"):
            return math.pi
        name = self._cursor.name("a number, a parameter, pi, a function or '('").text
        if name not in self._names:
            sentence = "has no value here; only pi and the parameters of a gate definition have"
            raise token.error(f"{token.shown()} {sentence}")
        return name

    def _read_operator(self) -> None:
        token = self._cursor.advance()
        function, binding = _BINARY[token.text]
        self._write_waiting(binding + 1 if binding == _POWER else binding)
        self._waiting.append(Operation(token, function, 2, binding))

    def _write_waiting(self, binding: int) -> None:
        """Write what waits since the last parenthesis and binds at least as tightly as that."""
        while self._waiting and (operation := self._waiting[-1]) and operation.binding >= binding:
            self._written.append(operation)
            self._waiting.pop()


def _number(token: Token) -> float:
    value = float(token.text)
    if not math.isfinite(value):
        raise token.error(f"{token.shown()} is too large for double precision")
    return value
