"""Measurement in the middle of a program, `reset` and `if`: as plain data, and what the circuit of them does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.interchange.openqasm2 import Instruction, Limits, Measurement, Reset, read

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def operations(body: str) -> tuple[Instruction | Measurement | Reset, ...]:
    return read(HEAD + body).operations


def circuit(body: str) -> kg.Circuit:
    return kg.Circuit.from_qasm(HEAD + body)


def outcomes(body: str) -> dict[str, int]:
    """The counts of three shots; those of a program whose outcome is certain name it alone."""
    return dict(circuit(body).counts(3, seed=1))


def close(actual: Any, expected: Any) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


# Plain data.


def test_gates_measurements_and_resets_stay_in_the_order_of_the_program() -> None:
    body = "qreg q[2]; creg c[2]; measure q[0] -> c[1]; x q[0]; reset q[1]; measure q[0] -> c[1];"
    assert operations(body) == (Measurement(0, 1), Instruction("x", (), (0,)), Reset(1), Measurement(0, 1))


def test_reset_of_a_register_resets_each_of_its_qubits() -> None:
    assert operations("qreg a[1]; qreg b[2]; reset b; reset a[0];") == (Reset(1), Reset(2), Reset(0))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", ((1, 0), (2, 0), (3, 0))),
        ("1", ((1, 1), (2, 0), (3, 0))),
        ("6", ((1, 0), (2, 1), (3, 1))),
        ("7", ((1, 1), (2, 1), (3, 1))),
        ("004", ((1, 0), (2, 0), (3, 1))),
    ],
)
def test_an_if_compares_every_bit_of_its_register_bit_0_least_significant(value: str, expected: Any) -> None:
    body = f"qreg q[1]; creg a[1]; creg b[3]; creg d[2]; if(b=={value}) x q[0];"
    assert operations(body) == (Instruction("x", (), (0,), expected),)


def test_an_if_may_be_written_with_blanks_and_line_ends() -> None:
    assert operations("qreg q[1]; creg c[1]; if\n( c  ==\n1 ) // so\nx q;") == (Instruction("x", (), (0,), ((0, 1),)),)


def test_an_if_conditions_each_gate_that_its_own_stands_for() -> None:
    body = "gate g(t) a, b { rx(t) a; cx a, b; } qreg a[2]; qreg b[2]; creg c[1]; if(c==1) g(2) a, b; x b[1];"
    when = ((0, 1),)
    assert operations(body) == (
        Instruction("rx", (2.0,), (0,), when),
        Instruction("cx", (), (0, 2), when),
        Instruction("rx", (2.0,), (1,), when),
        Instruction("cx", (), (1, 3), when),
        Instruction("x", (), (3,)),
    )


@pytest.mark.parametrize("value", ["8", "9", str(2**64), "9" * 300])
def test_a_gate_whose_integer_no_register_of_that_size_holds_is_left_out(value: str) -> None:
    body = f"qreg q[1]; creg b[3]; if(b=={value}) x q[0]; y q[0];"
    assert operations(body) == (Instruction("y", (), (0,)),)


def test_a_raised_limit_lets_more_conditions_through() -> None:
    text = f"{HEAD}qreg q[1]; creg c[1000]; " + "if(c==1) x q[0];" * 1001
    assert len(read(text, Limits(conditions=1_001_000)).operations) == 1001


# The circuit.


def test_the_later_measurement_into_a_bit_wins() -> None:
    assert outcomes("qreg q[2]; creg c[1]; x q[0]; measure q[0] -> c[0]; measure q[1] -> c[0];") == {"0": 3}
    assert outcomes("qreg q[2]; creg c[1]; x q[0]; measure q[1] -> c[0]; measure q[0] -> c[0];") == {"1": 3}


def test_an_if_sees_the_value_that_its_bit_has_by_then() -> None:
    body = """
        qreg q[3]; creg c[1]; creg seen[2];
        x q[0]; measure q[0] -> c[0]; if(c==1) x q[1];
        x q[0]; measure q[0] -> c[0]; if(c==1) x q[2];
        measure q[1] -> seen[0]; measure q[2] -> seen[1];
    """
    assert outcomes(body) == {"01 0": 3}


def test_a_qubit_measured_again_gives_the_same_and_after_h_either() -> None:
    again = circuit("qreg q[1]; creg c[3]; h q; measure q[0] -> c[0]; measure q[0] -> c[1]; h q; measure q[0] -> c[2];")
    close(again.probabilities(bits=[0, 1, 2]), [0.25, 0.25, 0, 0, 0, 0, 0.25, 0.25])


def test_reset_of_half_a_bell_pair_leaves_the_other_half_mixed() -> None:
    pair = circuit("qreg q[2]; h q[0]; cx q[0], q[1]; reset q[0];")
    close(pair.density_matrix(), np.diag([0.5, 0.5, 0, 0]))


def test_reset_of_a_register_empties_it() -> None:
    close(circuit("qreg a[1]; qreg q[2]; x a; x q; reset q;").probabilities(), [0, 0, 0, 0, 1, 0, 0, 0])


def test_bits_that_nothing_was_measured_into_are_0() -> None:
    body = "qreg q[2]; creg c[2]; creg d[2]; if(d==0) x q[0]; if(d==2) x q[1]; measure q -> c;"
    assert outcomes(body) == {"00 01": 3}
    body = "qreg q[2]; creg c[2]; x q[0]; measure q[0] -> c[1]; if(c==2) x q[1]; measure q[1] -> c[1];"
    assert outcomes(body) == {"10": 3}


@pytest.mark.parametrize(("value", "flipped"), [("1", "1"), ("2", "0"), ("3", "0"), ("5", "0")])
def test_bit_0_is_the_least_significant_of_the_integer(value: str, flipped: str) -> None:
    body = (
        f"qreg q[3]; creg c[2]; creg d[1]; x q[0]; measure q[0] -> c[0]; measure q[1] -> c[1]; if(c=={value}) x q[2];"
    )
    assert outcomes(body + "measure q[2] -> d[0];") == {f"{flipped} 01": 3}


def test_an_integer_too_large_never_holds_even_where_its_low_bits_do() -> None:
    body = "qreg q[2]; creg c[1]; creg d[1]; x q[0]; measure q[0] -> c[0]; if(c==3) x q[1]; measure q[1] -> d[0];"
    assert outcomes(body) == {"0 1": 3}


def test_counts_write_the_first_register_and_bit_0_rightmost() -> None:
    body = """
        qreg q[2]; creg a[2]; creg b[3]; creg unused[1]; creg d[1];
        x q[0]; measure q[0] -> a[1]; if(a==2) x q[1];
        measure q[1] -> b[0]; if(b==1) x q[0]; measure q[0] -> d[0]; measure q[1] -> b[2];
    """
    assert outcomes(body) == {"0 0 101 10": 3}
    assert circuit(body).counts(3, seed=1, order="big") == {"01 101 0 0": 3}


def test_a_phase_under_a_condition_acts_where_the_condition_holds() -> None:
    body = "qreg q[2]; creg c[1]; ry(2*pi/3) q[0]; measure q[0] -> c[0]; h q[1]; if(c==1) {}; h q[1];"
    for gate in ("z q[1]", "rz(pi) q[1]", "u1(pi) q[1]", "U(0,0,pi) q[1]"):
        # P(c = 1) = sin²(π/3) = 3/4.
        close(circuit(body.format(gate)).probabilities(), [0.25, 0, 0, 0.75])
