"""The language of OpenQASM 2: what each statement and expression means."""

from __future__ import annotations

import math

import pytest

from ketgrad.interchange.openqasm2 import Instruction, Limits, Measurement, Program, Register, read

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def operations(body: str) -> list[tuple[str, tuple[float, ...], tuple[int, ...]]]:
    gates = [item for item in read(HEAD + body).operations if isinstance(item, Instruction)]
    return [(gate.name, gate.parameters, gate.qubits) for gate in gates]


def angle(expression: str) -> float:
    ((_, parameters, _),) = operations(f"qreg q[1]; rx({expression}) q[0];")
    return parameters[0]


def test_a_whole_program_becomes_plain_data() -> None:
    program = read(
        """// a Bell pair
        OPENQASM 2.0;
        include "qelib1.inc";
        qreg a[1]; qreg b[2];
        creg out[2];
        h a[0];
        cx a[0], b[1];
        measure b[1] -> out[0];
        """
    )
    assert program == Program(
        num_qubits=3,
        quantum_registers=(Register("a", 1, 0), Register("b", 2, 1)),
        classical_registers=(Register("out", 2, 0),),
        operations=(Instruction("h", (), (0,)), Instruction("cx", (), (0, 2)), Measurement(2, 0)),
    )


def test_a_header_alone_is_an_empty_program() -> None:
    assert read("OPENQASM 2.0;") == Program(0, (), (), ())


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_comments_end_with_the_line_whatever_ends_it(line_end: str) -> None:
    lines = ["OPENQASM 2.0; // größer\t→", "qreg q[1];", "//", "U(0,0,0) q[0];"]
    assert len(read(line_end.join(lines)).operations) == 1


def test_registers_may_be_declared_after_the_first_gate() -> None:
    assert operations("qreg a[1]; x a; qreg b[1]; x b;") == [("x", (), (0,)), ("x", (), (1,))]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1", 1.0),
        ("007", 7.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("1.5e-3", 0.0015),
        ("2E2", 200.0),
        ("pi", math.pi),
        ("-pi/2", -math.pi / 2),
        ("1+2*3", 7.0),
        ("(1+2)*3", 9.0),
        ("7-2-1", 4.0),
        ("8/4/2", 1.0),
        ("2^3^2", 512.0),
        ("-2^2", -4.0),
        ("2^-1", 0.5),
        ("2^-1*4", 2.0),
        ("2*-3+1", -5.0),
        ("--3", 3.0),
        ("-(1+2)", -3.0),
        ("((2))", 2.0),
        ("sin(pi/6)", math.sin(math.pi / 6)),
        ("cos(0)+1", 2.0),
        ("tan(1)", math.tan(1)),
        ("exp(1)", math.e),
        ("ln(exp(2))", 2.0),
        ("sqrt(9)^2", 9.0),
        ("-sin(cos(0)-1)", 0.0),
        ("2*(3-(4-5))", 8.0),
    ],
)
def test_an_expression_has_its_usual_value(expression: str, expected: float) -> None:
    assert angle(expression) == expected


def test_a_gate_on_a_register_acts_on_each_of_its_qubits() -> None:
    assert operations("qreg q[2]; h q;") == [("h", (), (0,)), ("h", (), (1,))]


def test_two_registers_run_in_step() -> None:
    pairs = [qubits for _, _, qubits in operations("qreg a[2]; qreg b[2]; cx a, b;")]
    assert pairs == [(0, 2), (1, 3)]


def test_a_single_qubit_stays_while_a_register_runs() -> None:
    pairs = [qubits for _, _, qubits in operations("qreg a[2]; qreg b[2]; cx b[1], a;")]
    assert pairs == [(3, 0), (3, 1)]


def test_a_register_of_one_qubit_is_a_register() -> None:
    assert operations("qreg a[1]; qreg b[1]; cx a, b;") == [("cx", (), (0, 1))]


def test_a_defined_gate_is_expanded_with_its_parameters_and_qubits_bound() -> None:
    body = """
        gate inner(a, b) p, q { rx(a - b) q; cx q, p; }
        gate outer(a) x, y, z { inner(2 * a, a ^ 2) z, x; barrier x, y; h y; }
        qreg q[3];
        outer(3) q[2], q[0], q[1];
    """
    assert operations(body) == [("rx", (-3.0,), (2,)), ("cx", (), (2, 1)), ("h", (), (0,))]


def test_a_gate_may_have_an_empty_body_and_empty_parentheses() -> None:
    assert operations("gate nothing() a, b { } qreg q[2]; nothing() q[0], q[1];") == []


def test_a_parameter_may_carry_the_name_of_a_gate() -> None:
    assert operations("gate g(t) h { rx(t) h; t h; } qreg q[1]; g(1) q;") == [
        ("rx", (1.0,), (0,)),
        ("t", (), (0,)),
    ]


def test_the_gates_of_the_language_need_no_include() -> None:
    program = read("OPENQASM 2.0; qreg q[2]; U(1,2,3) q[1]; CX q[1], q[0];")
    assert program.operations == (
        Instruction("u", (1.0, 2.0, 3.0), (1,)),
        Instruction("cx", (), (1, 0)),
    )


def test_a_program_without_the_include_may_define_its_gates() -> None:
    program = read("OPENQASM 2.0; gate h a { U(pi/2,0,pi) a; } qreg q[1]; h q;")
    assert program.operations == (Instruction("u", (math.pi / 2, 0.0, math.pi), (0,)),)


def test_a_gate_that_qelib1_lacks_may_be_defined_although_it_is_known() -> None:
    assert operations("qreg q[2]; rzx(1) q[0], q[1];") == [("rzx", (1.0,), (0, 1))]
    assert operations("gate rzx(a) c, t { cx c, t; } qreg q[2]; rzx(1) q[0], q[1];") == [("cx", (), (0, 1))]


def test_barriers_have_no_effect() -> None:
    body = "qreg q[2]; creg c[2]; barrier q; x q[0]; measure q -> c; barrier q[0], q[1];"
    assert operations(body) == [("x", (), (0,))]


def test_measuring_registers_pairs_their_bits_in_order() -> None:
    program = read(
        "OPENQASM 2.0; qreg a[1]; qreg b[2]; creg c[1]; creg d[2]; creg e[1];measure b -> d; measure a[0] -> e[0];"
    )
    assert program.operations == (Measurement(1, 1), Measurement(2, 2), Measurement(0, 3))


def test_an_opaque_gate_may_be_declared() -> None:
    assert operations("opaque magic(a, b) q, r; opaque other q;") == []


def test_raised_limits_let_more_through() -> None:
    text = HEAD + "qreg q[65]; creg c[1025]; h q;"
    program = read(text, Limits(qubits=65, classical_bits=1025))
    assert len(program.operations) == 65
