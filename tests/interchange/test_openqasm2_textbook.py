"""Programs from the literature with measurement in the middle, `reset` and `if`, run as circuits.

Most are those of A. Cross et al., arXiv:1707.03429, section 4, and of the collection that came with it.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ketgrad as kg
from ketgrad.cli import main

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def circuit(body: str) -> kg.Circuit:
    return kg.Circuit.from_qasm(HEAD + body)


def outcomes(body: str) -> dict[str, int]:
    """The counts of three shots; those of a program whose outcome is certain name it alone."""
    return dict(circuit(body).counts(3, seed=1))


def close(actual: Any, expected: Any) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


TELEPORT = """
// quantum teleportation example
qreg q[3];
creg c0[1];
creg c1[1];
creg c2[1];
// optional post-rotation for state tomography
gate post q { }
u3(0.3,0.2,0.1) q[0];
h q[1];
cx q[1],q[2];
barrier q;
cx q[0],q[1];
h q[0];
measure q[0] -> c0[0];
measure q[1] -> c1[0];
if(c0==1) z q[2];
if(c1==1) x q[2];
post q[2];
measure q[2] -> c2[0];
"""


def test_teleportation_brings_the_state_to_the_third_qubit() -> None:
    # u3(θ, φ, λ)|0⟩ = (cos θ/2, e^(iφ) sin θ/2).
    state = np.array([math.cos(0.15), np.exp(0.2j) * math.sin(0.15)])
    before, _, _ = TELEPORT.rpartition("measure")
    close(circuit(before).density_matrix([2]), np.outer(state, state.conj()))


def test_teleportation_counts_the_third_qubit_leftmost_with_the_other_outcomes_even() -> None:
    teleported = circuit(TELEPORT)
    close(teleported.probabilities(bits=[0, 1]), [0.25] * 4)
    close(teleported.probabilities(bits=[2]), [math.cos(0.15) ** 2, math.sin(0.15) ** 2])
    counts = teleported.counts(10_000, seed=3)
    # sin²(0.15) = 0.02233; 5 standard deviations of 10000 shots are 74.
    assert abs(sum(number for bits, number in counts.items() if bits[0] == "1") - 223.3) < 74
    assert all(len(bits) == 5 and bits[1] == bits[3] == " " for bits in counts)


INVERSE_QFT_1 = """
// QFT and measure, version 1
qreg q[4];
creg c[4];
{prepare}
barrier q;
h q[0];
measure q[0] -> c[0];
if(c==1) u1(pi/2) q[1];
h q[1];
measure q[1] -> c[1];
if(c==1) u1(pi/4) q[2];
if(c==2) u1(pi/2) q[2];
if(c==3) u1(pi/2+pi/4) q[2];
h q[2];
measure q[2] -> c[2];
if(c==1) u1(pi/8) q[3];
if(c==2) u1(pi/4) q[3];
if(c==3) u1(pi/4+pi/8) q[3];
if(c==4) u1(pi/2) q[3];
if(c==5) u1(pi/2+pi/8) q[3];
if(c==6) u1(pi/2+pi/4) q[3];
if(c==7) u1(pi/2+pi/4+pi/8) q[3];
h q[3];
measure q[3] -> c[3];
"""

INVERSE_QFT_2 = """
// QFT and measure, version 2
qreg q[4];
creg c0[1]; creg c1[1]; creg c2[1]; creg c3[1];
{prepare}
barrier q;
h q[0];
measure q[0] -> c0[0];
if(c0==1) u1(pi/2) q[1];
h q[1];
measure q[1] -> c1[0];
if(c0==1) u1(pi/4) q[2];
if(c1==1) u1(pi/2) q[2];
h q[2];
measure q[2] -> c2[0];
if(c0==1) u1(pi/8) q[3];
if(c1==1) u1(pi/4) q[3];
if(c2==1) u1(pi/2) q[3];
h q[3];
measure q[3] -> c3[0];
"""


def fourier_state(number: float) -> str:
    """Put exp(−iπ·number/2^j) between the amplitudes of |1⟩ and |0⟩ of qubit j, which the transform takes to number."""
    return "h q; " + " ".join(f"u1({-math.pi * number / 2**qubit}) q[{qubit}];" for qubit in range(4))


@pytest.mark.parametrize("program", [INVERSE_QFT_1, INVERSE_QFT_2])
def test_the_semiclassical_fourier_transform_of_the_even_superposition_is_zero(program: str) -> None:
    close(circuit(program.format(prepare="h q;")).probabilities(bits=[3, 2, 1, 0]), np.eye(16)[0])


@pytest.mark.parametrize("number", range(16))
def test_the_semiclassical_fourier_transform_finds_an_integer(number: int) -> None:
    bits = format(number, "04b")
    assert outcomes(INVERSE_QFT_1.format(prepare=fourier_state(number))) == {bits: 3}
    assert outcomes(INVERSE_QFT_2.format(prepare=fourier_state(number))) == {" ".join(bits): 3}


@pytest.mark.parametrize("program", [INVERSE_QFT_1, INVERSE_QFT_2])
def test_the_semiclassical_fourier_transform_estimates_a_number_between(program: str) -> None:
    # P(k) = (sin 16a / 16 sin a)², a = π(x − k)/16: Nielsen and Chuang, equation 5.26.
    angles = math.pi * (2.6 - np.arange(16)) / 16
    expected = (np.sin(16 * angles) / (16 * np.sin(angles))) ** 2
    close(circuit(program.format(prepare=fourier_state(2.6))).probabilities(bits=[3, 2, 1, 0]), expected)


REPETITION_CODE = """
// Repetition code syndrome measurement
qreg q[3];
qreg a[2];
creg c[3];
creg syn[2];
gate syndrome d1,d2,d3,a1,a2
{{
  cx d1,a1; cx d2,a1;
  cx d2,a2; cx d3,a2;
}}
{prepare}
barrier q;
syndrome q[0],q[1],q[2],a[0],a[1];
measure a -> syn;
if(syn==1) x q[0];
if(syn==2) x q[2];
if(syn==3) x q[1];
"""


@pytest.mark.parametrize(("error", "syndrome"), [("", "00"), ("x q[0];", "01"), ("x q[1];", "11"), ("x q[2];", "10")])
def test_the_repetition_code_corrects_an_error_of_one_qubit(error: str, syndrome: str) -> None:
    encoded = "ry(2*pi/3) q[0]; cx q[0],q[1]; cx q[0],q[2];" + error
    corrected = circuit(REPETITION_CODE.format(prepare=encoded) + "measure q -> c;")
    # cos²(π/3) = 1/4 and sin²(π/3) = 3/4; bits 0 to 2 are those of c.
    close(corrected.probabilities(bits=[2, 1, 0]), [0.25, 0, 0, 0, 0, 0, 0, 0.75])
    assert {bits[:2] for bits in corrected.counts(20, seed=5)} == {syndrome}


def test_the_repetition_code_keeps_the_phase_of_the_state() -> None:
    encoded = "h q[0]; cx q[0],q[1]; cx q[0],q[2]; x q[2];"
    corrected = circuit(REPETITION_CODE.format(prepare=encoded)).density_matrix([0, 1, 2])
    close(corrected, np.outer([1, 0, 0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 0, 1]) / 2)


def test_two_rounds_of_the_repetition_code_use_its_ancillas_again_after_reset() -> None:
    _, _, cycle = REPETITION_CODE.format(prepare="").partition("barrier q;")
    first = REPETITION_CODE.format(prepare="x q; x q[1];")
    assert outcomes(f"{first} x q[2]; reset a; {cycle} measure q -> c;") == {"10 111": 3}


def test_the_w_state_has_one_qubit_of_three_in_1() -> None:
    body = """
        qreg q[3]; creg c[3];
        gate cH a,b { h b; sdg b; cx a,b; h b; t b; cx a,b; t b; h b; s b; x b; s a; }
        u3(1.91063,0,0) q[0]; cH q[0],q[1]; ccx q[0],q[1],q[2]; x q[0]; x q[1]; cx q[0],q[1];
        barrier q; measure q[0] -> c[0]; measure q[1] -> c[1]; measure q[2] -> c[2];
    """
    # 1.91063 is 2·arccos(1/√3) to 6 digits.
    third = [0, 1 / 3, 1 / 3, 0, 1 / 3, 0, 0, 0]
    np.testing.assert_allclose(circuit(body).probabilities(bits=[0, 1, 2]), third, rtol=0, atol=1e-5)


def test_coins_are_thrown_until_one_shows_heads_or_there_are_none_left() -> None:
    throw = "reset q[0]; if(heads==0) h q[0]; if(heads==1) x q[0]; measure q[0] -> heads[0];"
    for times in range(1, 7):
        thrown = circuit("qreg q[1]; creg heads[1];" + throw * times)
        close(thrown.probabilities(bits=[0]), [0.5**times, 1 - 0.5**times])


def test_ketgrad_run_counts_a_program_with_conditions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "code.qasm"
    path.write_text(HEAD + REPETITION_CODE.format(prepare="x q[2];") + "measure q -> c; reset a;")
    assert main(["run", str(path), "--shots", "30", "--seed", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"10 000": 30}


def test_ketgrad_run_names_the_place_of_a_conditioned_measurement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "conditioned.qasm"
    path.write_text(HEAD + "qreg q[1]; creg c[1];\nif(c==0) measure q -> c;")
    assert main(["run", str(path)]) == 2
    assert "line 4, column 10: 'measure' under a condition is not supported" in capsys.readouterr().err
