"""What is refused: each with its sentence, placed at the token that is wrong."""

from __future__ import annotations

import pickle

import pytest

from ketgrad.errors import InvalidTypeError, InvalidValueError, KetgradError
from ketgrad.interchange.openqasm2 import Limits, QasmError, read

# The statement under test is line 2.
HEAD = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; qreg r[2]; creg c[3]; creg d[3];\n'


def refusal(text: str, limits: Limits | None = None) -> str:
    with pytest.raises(QasmError) as caught:
        read(text, limits or Limits())
    return str(caught.value)


MISUSE = {
    "reset ;": "column 7: expected a qubit or a register, found ';'",
    "reset c;": "column 7: 'c' is not declared as a qreg",
    "reset q[3];": "column 9: index '3' is out of range; 'q' has 0 to 2",
    "reset q[0], q[1];": "column 11: missing ';' at the end of this statement",
    "if(c==1) measure q[0] -> d[0];": (
        "column 10: 'measure' under a condition is not supported; an if takes a gate here"
    ),
    "if(c==9) reset q[0];": (
        "column 10: 'reset' under a condition is not supported; an if takes a gate here"
    ),
    "if(c==1) if(d==1) x q[0];": "column 10: expected the name of a gate, found 'if'",
    "if(c==1) barrier q;": "column 10: expected the name of a gate, found 'barrier'",
    "if(c==1);": "column 9: expected the name of a gate, found ';'",
    "if(c==1)": "column 9: expected the name of a gate, found the end of the file",
    "if(c==1) { x q[0]; }": "column 10: expected the name of a gate, found '{'",
    "if(c==1) x q[0]": "column 16: missing ';' at the end of this statement",
    "if(c==9) x q[3];": "column 14: index '3' is out of range; 'q' has 0 to 2",
    "if(c==9) nope q;": "column 10: gate 'nope' is not defined before this place",
    "if(c==9) cx q[0], q[0];": "column 19: 'q' repeats a qubit of the same gate",
    "if(c==9) rx(1/0) q;": "column 14: division by zero",
    "opaque magic a; if(c==1) magic q[0];": (
        "column 26: opaque gate 'magic' has no definition; it cannot be applied yet"
    ),
    "gate g a { if(c==1) x a; }": "column 12: expected the name of a gate, found 'if'",
    "if c==1 x q[0];": "column 4: expected '(', found 'c'",
    "if(c==1 x q[0];": "column 9: expected ')', found 'x'",
    "if() x q[0];": "column 4: expected the name of a creg, found ')'",
    "if(1==c) x q[0];": "column 4: expected the name of a creg, found '1'",
    "if(c) x q[0];": "column 5: expected '==', found ')'",
    "if(c=1) x q[0];": "column 5: unexpected character '=' (U+003D)",
    "if(c==) x q[0];": "column 7: expected an integer of 0 or more, found ')'",
    "if(c==-1) x q[0];": "column 7: expected an integer of 0 or more, found '-'",
    "if(c==1.0) x q[0];": "column 7: expected an integer of 0 or more, found '1.0'",
    "if(c==1e0) x q[0];": "column 7: expected an integer of 0 or more, found '1e0'",
    "if(c==d) x q[0];": "column 7: expected an integer of 0 or more, found 'd'",
    "if(c==1+1) x q[0];": "column 8: expected ')', found '+'",
    "if(c[0]==1) x q[0];": "column 5: an if compares the whole of 'c' and takes no index",
    "if(q==1) x q[0];": "column 4: 'q' is not declared as a creg",
    "if(h==1) x q[0];": "column 4: 'h' is not declared as a creg",
    "if(e==1) x q[0]; creg e[1];": "column 4: 'e' is not declared as a creg",
    "opaque magic a; magic q[0];": (
        "column 17: opaque gate 'magic' has no definition; it cannot be applied yet"
    ),
    "opaque magic a; gate g a { magic a; }": (
        "column 28: opaque gate 'magic' has no definition; it cannot be applied yet"
    ),
    "measure r -> c;": "column 14: registers 'r' and 'c' differ in size: 2 and 3",
    "measure q -> c[0];": "column 14: measure takes one qubit and one bit, or two whole registers",
    "measure q[0] c[0];": "column 14: expected '->', found 'c'",
    "measure c -> q;": "column 9: 'c' is not declared as a qreg",
    "measure q -> q;": "column 14: 'q' is not declared as a creg",
    "x y[0];": "column 3: 'y' is not declared as a qreg",
    "x q[3];": "column 5: index '3' is out of range; 'q' has 0 to 2",
    "x q[-1];": "column 5: expected an index, found '-'",
    "x q[1.0];": "column 5: expected an index, found '1.0'",
    "x q[];": "column 5: expected an index, found ']'",
    "qreg q[1];": "column 6: 'q' is declared already",
    "creg q[1];": "column 6: 'q' is declared already",
    "qreg h[1];": "column 6: 'h' is declared already",
    "qreg z0[0];": "column 9: register 'z0' needs a size of 1 or more",
    "qreg Q[1];": "column 6: 'Q' cannot be declared; names start with a letter a-z",
    "qreg pi[1];": "column 6: expected the name of the register, found 'pi'",
    "gate h a { x a; }": "column 6: 'h' is declared already",
    "gate q a { x a; }": "column 6: 'q' is declared already",
    "gate g a, a { }": "column 11: 'a' occurs twice in this list",
    "gate g(a) a { }": "column 11: 'a' occurs twice in this list",
    "gate g { }": "column 8: expected the name of a qubit, found '{'",
    "gate g a { g a; }": "column 12: gate 'g' is not defined before this place",
    "gate g a { x b; }": "column 14: 'b' is not a qubit of the gate being defined",
    "gate g a { x q[0]; }": "column 14: 'q' is not a qubit of the gate being defined",
    "gate g a { x a[0]; }": "column 15: 'a' is one qubit here and takes no index",
    "gate g a, b { cx a, a; }": "column 21: 'a' occurs twice in this list",
    "gate g a { rx(b) a; }": (
        "column 15: 'b' has no value here; only pi and the parameters of a gate definition have"
    ),
    "gate g a { measure a -> c; }": "column 12: expected the name of a gate, found 'measure'",
    "gate g a { x a;": "column 16: expected the name of a gate, found the end of the file",
    "include \"qelib1.inc\";": (
        "column 1: qelib1.inc declares 'id', which is declared before"
    ),
    "include \"/etc/passwd\";": (
        "column 9: only \"qelib1.inc\" can be included here, not '\"/etc/passwd\"'"
    ),
    "include qelib1;": "column 9: only \"qelib1.inc\" can be included here, not 'qelib1'",
    "cx q[0], q[0];": "column 10: 'q' repeats a qubit of the same gate",
    "cx q[0], q;": "column 10: 'q' repeats a qubit of the same gate",
    "ccx q[0], q[1], q[0];": "column 17: 'q' repeats a qubit of the same gate",
    "cx q, r;": "column 7: registers 'q' and 'r' differ in size: 3 and 2",
    "rx q[0];": "column 1: gate 'rx' takes 1 parameter, not 0",
    "x(1) q[0];": "column 1: gate 'x' takes 0 parameters, not 1",
    "u3(1,2) q[0];": "column 1: gate 'u3' takes 3 parameters, not 2",
    "cx q[0];": "column 1: gate 'cx' takes 2 qubits, not 1",
    "h q[0], q[1];": "column 1: gate 'h' takes 1 qubit, not 2",
    "h ;": "column 3: expected a qubit or a register, found ';'",
    "cx q[0],;": "column 9: expected a qubit or a register, found ';'",
    "barrier ;": "column 9: expected a qubit or a register, found ';'",
    "rx(1/0) q[0];": "column 5: division by zero",
    "gate g(a) b { rx(2/a) b; } g(0) q[0];": "column 19: division by zero",
    "rx(ln(0)) q[0];": "column 4: 'ln' of 0.0 is no finite real number",
    "rx(sqrt(-1)) q[0];": "column 4: 'sqrt' of -1.0 is no finite real number",
    "rx(1+exp(1e3)) q[0];": "column 6: 'exp' of 1000.0 is no finite real number",
    "rx(1e300*1e300) q[0];": "column 9: '*' of 1e+300 and 1e+300 is no finite real number",
    "rx((-1)^0.5) q[0];": "column 8: '^' of -1.0 and 0.5 is no finite real number",
    "rx(0^-1) q[0];": "column 5: '^' of 0.0 and -1.0 is no finite real number",
    "rx(1e999) q[0];": "column 4: '1e999' is too large for double precision",
    "rx(theta) q[0];": (
        "column 4: 'theta' has no value here; only pi and the parameters of a gate definition have"
    ),
    "rx(exec(1)) q[0];": (
        "column 4: 'exec' has no value here; only pi and the parameters of a gate definition have"
    ),
    "rx(1 2) q[0];": "column 6: expected ')', found '2'",
    "rx(2pi) q[0];": "column 5: expected ')', found 'pi'",
    "rx((1 2)) q[0];": "column 7: expected an operator or ')', found '2'",
    "rx(1+) q[0];": "column 6: expected a number, a parameter, pi, a function or '(', found ')'",
    "rx(1,) q[0];": "column 6: expected a number, a parameter, pi, a function or '(', found ')'",
    "rx(+1) q[0];": "column 4: expected a number, a parameter, pi, a function or '(', found '+'",
    "rx(sin 1) q[0];": "column 8: expected '(', found '1'",
    "rx(1 q[0];": "column 6: expected ')', found 'q'",
    "x q[0] x q[1];": "column 7: missing ';' at the end of this statement",
    "x q[0]": "column 7: missing ';' at the end of this statement",
    "qreg s[": "column 8: expected the size of the register, found the end of the file",
    "nope q[0];": "column 1: gate 'nope' is not defined before this place",
    "}": "column 1: expected the name of a gate, found '}'",
    ";": "column 1: expected the name of a gate, found ';'",
    "x q[0]; @": "column 9: unexpected character '@' (U+0040)",
    "include \"qelib1.inc;": (
        "column 9: unterminated string: a closing '\"' is missing on this line"
    ),
    "x \N{CYRILLIC SMALL LETTER ER}[0];": "column 3: unexpected character '\\u0440' (U+0440)",
    "rx(\N{ARABIC-INDIC DIGIT ONE}) q[0];": "column 4: unexpected character '\\u0661' (U+0661)",
    "x q[0];\0": "column 8: unexpected character '\\x00' (U+0000)",
    "// \N{RIGHT-TO-LEFT OVERRIDE}x q[0];": "column 4: unexpected character '\\u202e' (U+202E)",
    "x q[0]; \ud800": "column 9: unexpected character '\\ud800' (U+D800)",
}  # fmt: skip


@pytest.mark.parametrize("statement", MISUSE)
def test_a_mistake_is_refused_with_its_place_and_sentence(statement: str) -> None:
    assert refusal(HEAD + statement) == f"line 2, {MISUSE[statement]}"


WHOLE_PROGRAMS = {
    "": "line 1, column 1: a program starts with OPENQASM 2.0;",
    "qreg q[1];": "line 1, column 1: a program starts with OPENQASM 2.0;",
    "// nothing\n\n  OPENQASM 3.0;": "line 3, column 12: only OpenQASM 2.0 is read here, not '3.0'",
    "OPENQASM 3;": "line 1, column 10: only OpenQASM 2.0 is read here, not '3'",
    "OPENQASM 2.0": "line 1, column 13: missing ';' at the end of this statement",
    "OPENQASM 2.0;\nqreg q[1]\n\n\nqreg r[1];": (
        "line 2, column 10: missing ';' at the end of this statement"
    ),
    "OPENQASM 2.0; qreg q[1];\r\nh q;": (
        "line 2, column 1: gate 'h' needs the statement include \"qelib1.inc\"; before it"
    ),
    "OPENQASM 2.0; qreg q[1]; rzx(1) q;": (
        "line 1, column 26: gate 'rzx' needs the statement include \"qelib1.inc\"; before it"
    ),
    "OPENQASM 2.0; gate h a { } include \"qelib1.inc\";": (
        "line 1, column 28: qelib1.inc declares 'h', which is declared before"
    ),
    "OPENQASM 2.0; OPENQASM 2.0;": (
        "line 1, column 15: expected the name of a gate, found 'OPENQASM'"
    ),
    "\N{ZERO WIDTH NO-BREAK SPACE}OPENQASM 2.0;": (
        "line 1, column 1: unexpected character '\\ufeff' (U+FEFF)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", WHOLE_PROGRAMS)
def test_a_program_is_refused_with_its_place_and_sentence(text: str) -> None:
    assert refusal(text) == WHOLE_PROGRAMS[text]


LIMITS = [
    (Limits(bytes=100), " " * 30, "line 1, column 1: a text of 110 bytes"),
    (Limits(digits=3), "rx(1234) q;", "line 2, column 4: too many digits in a number"),
    (Limits(nesting=2), "rx((((1)))) q;", "line 2, column 6: parentheses nested too deeply"),
    (Limits(nesting=2), "rx(-(sin(ln(1)))) q;", "line 2, column 12: parentheses nested too deeply"),
    (Limits(qubits=6), "qreg s[2];", "line 2, column 8: register 's' makes too many qubits"),
    (Limits(gates=3), "x q[0]; x q;", "line 2, column 9: too many gates, measurements and resets after expansion"),
    (Limits(gates=5), "measure q -> c; measure q -> c;", "line 2, column 17: too many gates, measurements and resets"),
    (Limits(gates=4), "reset r; reset q;", "line 2, column 10: too many gates, measurements and resets"),
    (Limits(gates=2), "if(c==9) x q;", "line 2, column 10: too many gates, measurements and resets"),
    (Limits(conditions=8), "if(c==1) x q;", "line 2, column 10: too many conditions on classical bits"),
    (Limits(conditions=5), "if(c==1) x q[0]; if(d==1) x q[0];", "line 2, column 27: too many conditions"),
    (
        Limits(classical_bits=6),
        "creg e[1];",
        "line 2, column 8: register 'e' makes too many classical bits",
    ),
    (
        Limits(gate_depth=1),
        "gate f a { } gate g a { f a; }",
        "line 2, column 19: gate 'g' rests on too many levels of definitions",
    ),
    (
        Limits(arithmetic=5),
        "gate g(a) b { rx(a+1) b; } g(1) q[0]; g(2) q[0];",
        "line 2, column 39: too much arithmetic in the expansion of gates",
    ),
]


@pytest.mark.parametrize(("limits", "statement", "expected"), LIMITS)
def test_a_limit_is_named_with_the_way_to_raise_it(limits: Limits, statement: str, expected: str) -> None:
    changed = [name for name in Limits.__slots__ if getattr(limits, name) != getattr(Limits(), name)]
    (name,) = changed
    bound = getattr(limits, name)
    message = refusal(HEAD + statement, limits)
    assert message.startswith(expected)
    assert message.endswith(f": the limit is {bound}; to allow more, pass Limits({name}=...)")


def test_bytes_are_counted_in_utf8() -> None:
    text = "OPENQASM 2.0; // \N{LATIN SMALL LETTER A WITH DIAERESIS}"
    assert read(text, Limits(bytes=19)).num_qubits == 0
    assert "a text of 19 bytes" in refusal(text, Limits(bytes=18))


def test_the_error_carries_its_place_and_survives_pickling() -> None:
    with pytest.raises(QasmError) as caught:
        read("OPENQASM 2.0;\n x q;")
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.line, error.column) == (2, 2)
    assert error.message == str(error) == str(caught.value)
    assert isinstance(error, KetgradError)
    assert isinstance(error, ValueError)


def test_bytes_instead_of_text_are_refused() -> None:
    with pytest.raises(InvalidTypeError, match="as str, not <class 'bytes'>"):
        read(b"OPENQASM 2.0;")  # type: ignore[arg-type]


@pytest.mark.parametrize("bound", [-1, 641])
def test_a_limit_out_of_range_is_refused(bound: int) -> None:
    with pytest.raises(InvalidValueError, match="digits"):
        Limits(digits=bound)


@pytest.mark.parametrize("bound", [True, 1.5, "10"])
def test_a_limit_that_is_no_integer_is_refused(bound: int) -> None:
    with pytest.raises(InvalidTypeError, match="takes an integer"):
        Limits(qubits=bound)
