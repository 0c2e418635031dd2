"""Programs made to do harm: they end quickly, in a program or in QasmError."""

from __future__ import annotations

import builtins
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketgrad.interchange.openqasm2 import Instruction, Limits, QasmError, read

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'


def angle(text: str, limits: Limits | None = None) -> float:
    (gate,) = read(text, limits or Limits()).operations
    assert isinstance(gate, Instruction)
    return gate.parameters[0]


def doubling(levels: int, first: str) -> str:
    gates = [f"gate g0 a {{ {first} }}"]
    gates += [f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}" for n in range(1, levels + 1)]
    return "\n".join([HEAD, *gates, f"g{levels} q[0];"])


@pytest.mark.parametrize("levels", [20, 60, 99])
@pytest.mark.parametrize("first", ["x a;", ""])
def test_doubling_gates_are_refused_before_they_are_expanded(levels: int, first: str) -> None:
    with pytest.raises(QasmError, match="too many gates, measurements and resets after expansion"):
        read(doubling(levels, first))


def test_doubling_gates_do_no_harm_where_they_are_not_applied() -> None:
    assert read(doubling(60, "x a;").rsplit("\n", 1)[0]).operations == ()


def test_a_chain_of_definitions_deeper_than_the_limit_is_refused() -> None:
    chain = [f"gate g{n} a {{ g{n - 1} a; }}" for n in range(1, 101)]
    with pytest.raises(QasmError, match="gate 'g100' rests on too many levels"):
        read("\n".join([HEAD, "gate g0 a { }", *chain]))


def test_an_expensive_expression_is_not_evaluated_for_each_of_many_gates() -> None:
    angle = "+".join(["a"] * 100_000)
    with pytest.raises(QasmError, match="too much arithmetic"):
        read(f"{HEAD} gate g(a) b {{ rx({angle}) b; }}" + "g(1) q;" * 10_000)


@pytest.mark.parametrize("opening", ["(", "sin(", "-("])
def test_deep_parentheses_are_refused_and_never_recurse(opening: str) -> None:
    depth = 100_000
    text = f"{HEAD} rx({opening * depth}0{')' * depth}) q[0];"
    with pytest.raises(QasmError, match="parentheses nested too deeply"):
        read(text)
    assert angle(text, Limits(nesting=depth)) == 0.0


@pytest.mark.parametrize("chain", ["-" * 100_001 + "1", "1^" * 100_000 + "1", "1*" * 99_999 + "1"])
def test_long_chains_of_operators_do_not_recurse(chain: str) -> None:
    assert abs(angle(f"{HEAD} rx({chain}) q[0];")) == 1.0


@pytest.mark.parametrize("number", ["9" * 1_000_000, "1." + "3" * 1_000_000, "1e" + "9" * 1_000_000])
@pytest.mark.parametrize("statement", ["qreg r[{}];", "x q[{}];", "rx({}) q[0];", "if(c=={}) x q[0];"])
def test_an_enormous_number_is_refused(number: str, statement: str) -> None:
    with pytest.raises(QasmError, match="too many digits in a number"):
        read(HEAD + statement.format(number))


def test_the_longest_integer_allowed_is_out_of_range_and_no_more() -> None:
    with pytest.raises(QasmError, match="out of range"):
        read(f"{HEAD} x q[{'9' * 640}];", Limits(digits=640))


def test_the_longest_integer_allowed_in_an_if_never_equals_a_register() -> None:
    assert read(f"{HEAD} if(c=={'9' * 640}) x q;", Limits(digits=640)).operations == ()


@pytest.mark.parametrize(("statement", "size"), [("measure q -> c;", 3), ("reset q;", 3), ("if(c==9) x q;", 0)])
def test_a_long_run_of_one_statement_is_refused_at_the_limit(statement: str, size: int) -> None:
    assert len(read(HEAD + statement * 2000, Limits(gates=6000)).operations) == 2000 * size
    with pytest.raises(QasmError, match="too many gates, measurements and resets after expansion"):
        read(HEAD + statement * 2001, Limits(gates=6000))


def test_conditions_on_a_wide_register_are_refused_before_they_fill_the_memory() -> None:
    with pytest.raises(QasmError, match="too many conditions on classical bits"):
        read(f"{HEAD} creg wide[1000];" + "if(wide==1) x q[0];" * 400_000)


def test_conditions_on_a_doubling_gate_are_refused_before_it_is_expanded() -> None:
    with pytest.raises(QasmError, match="too many conditions on classical bits"):
        read(doubling(17, "x a;").replace("g17 q[0];", "creg wide[1000]; if(wide==1) g17 q[0];"))


@pytest.mark.parametrize("statement", ["qreg {}[1]; qreg {}[1];", "{} q[0];", 'include "{}";', "if({}==1) x q;"])
def test_a_message_quotes_no_more_than_the_start_of_a_long_token(statement: str) -> None:
    with pytest.raises(QasmError) as caught:
        read(HEAD + statement.replace("{}", "a" * 1_000_000))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret", "C:\\boot.ini", "http://a/b", ""])
def test_no_include_opens_a_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a file was opened")

    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(QasmError, match="can be included here"):
        read(f'OPENQASM 2.0; include "{name}";')


def test_a_long_program_is_read() -> None:
    program = read(HEAD + "rz(pi/4) q[1];\ncx q[0], q[2]; // entangle\n" * 20_000)
    assert len(program.operations) == 40_000


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(QasmError):
        read(text)


NAMES = "gate g h a b c q U CX rx cx u3 ccx barrier measure reset if opaque qreg creg include pi sin ln"
SYMBOLS = '( ) [ ] { } , ; -> + - * / ^ 0 1 2 1.5 1e3 == " //'
WORDS = [*NAMES.split(), *SYMBOLS.split(), "\n"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS)))
def test_any_sequence_of_words_is_read_or_refused(words: list[str]) -> None:
    with suppress(QasmError):
        read(HEAD + " ".join(words))


SOUND = (
    HEAD + "gate g(a, b) x, y { rx(-a^2/sin(b)) x; cx x, y; barrier x, y; }\n"
    "g(ln(2), 1e-3) q[0], q[2]; h q; barrier q; measure q -> c;\n"
    "if(c==5) g(1, 2) q[1], q[0]; reset q[1]; measure q[1] -> c[1];\n"
)


@settings(deadline=None)
@given(st.integers(0, len(SOUND)), st.integers(0, 5), st.text(max_size=3))
def test_any_small_change_of_a_sound_program_is_read_or_refused(start: int, removed: int, inserted: str) -> None:
    with suppress(QasmError):
        read(SOUND[:start] + inserted + SOUND[start + removed :])
