"""The gates that need no definition in the program: native ones and those of qelib1.inc.

The conventions are Qiskit's: `u(theta,phi,lambda)` is [[cos(theta/2), -e^(i lambda) sin(theta/2)],
[e^(i phi) sin(theta/2), e^(i(phi+lambda)) cos(theta/2)]], `p(lambda)` is diag(1, e^(i lambda)),
`rz(t)` is exp(-i t Z/2), and `cu` is a controlled e^(i gamma) u(theta,phi,lambda). The gates of
qelib1.inc equal these up to a global phase, which no program in OpenQASM 2 can observe.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from ketgrad.interchange.openqasm2.cursor import Cursor
from ketgrad.interchange.openqasm2.definitions import read_definition
from ketgrad.interchange.openqasm2.gates import Macro, Native
from ketgrad.interchange.openqasm2.limits import Limits
from ketgrad.interchange.openqasm2.tokens import tokenize

_NAMES_BY_SIGNATURE = {
    (0, 1): "id x y z h s sdg t tdg sx sxdg",
    (1, 1): "rx ry rz p",
    (3, 1): "u",
    (0, 2): "cx cy cz ch csx swap iswap",
    (1, 2): "cp crx cry crz rxx ryy rzz rzx",
    (4, 2): "cu",
    (0, 3): "ccx ccz cswap",
}
NATIVE: Mapping[str, Native] = MappingProxyType(
    {
        name: Native(name, num_parameters, num_qubits)
        for (num_parameters, num_qubits), names in _NAMES_BY_SIGNATURE.items()
        for name in names.split()
    }
)
"""The gates that expansion ends in; everything else is written with these."""

CORE: Mapping[str, Native] = MappingProxyType({"U": NATIVE["u"], "CX": NATIVE["cx"]})
"""The gates of the language itself, there without an include."""

EXTRAS: Mapping[str, Native] = MappingProxyType({name: NATIVE[name] for name in ("ryy", "rzx", "iswap", "ccz")})
"""Gates that Qiskit wrote as if qelib1.inc had them; a program may define them itself."""

# rccx and rc3x: Maslov, arXiv:1508.03273, figures 3 and 4. The controlled powers of X: Barenco
# et al., arXiv:quant-ph/9503016, lemma 7.5, applied until native gates are left.
_DEFINED_IN_QELIB1 = """
gate u0(gamma) q { id q; }
gate u2(phi,lambda) q { u(pi/2,phi,lambda) q; }
gate cu3(theta,phi,lambda) c,t { cu(theta,phi,lambda,0) c,t; }
gate rccx a,b,c {
  h c; t c; cx b,c; tdg c; cx a,c; t c; cx b,c; tdg c; h c;
}
gate rc3x a,b,c,d {
  h d; t d; cx c,d; tdg d; h d;
  cx a,d; t d; cx b,d; tdg d; cx a,d; t d; cx b,d; tdg d;
  h d; t d; cx c,d; tdg d; h d;
}
gate c3x a,b,c,d {
  h d;
  cp(pi/2) c,d; ccx a,b,c; cp(-pi/2) c,d; ccx a,b,c;
  cp(pi/4) b,d; cx a,b; cp(-pi/4) b,d; cx a,b; cp(pi/4) a,d;
  h d;
}
gate c3sqrtx a,b,c,d {
  h d;
  cp(pi/4) c,d; ccx a,b,c; cp(-pi/4) c,d; ccx a,b,c;
  cp(pi/8) b,d; cx a,b; cp(-pi/8) b,d; cx a,b; cp(pi/8) a,d;
  h d;
}
gate c4x a,b,c,d,e {
  csx d,e; c3x a,b,c,d; h e; cp(-pi/2) d,e; h e; c3x a,b,c,d;
  c3sqrtx a,b,c,e;
}
"""


@cache
def qelib1() -> Mapping[str, Native | Macro]:
    """Return the gates of qelib1.inc as Qiskit ships it, by name."""
    gates: dict[str, Native | Macro] = dict(NATIVE)
    cursor = Cursor(tokenize(_DEFINED_IN_QELIB1, Limits()))
    while cursor.accept("gate"):
        name, gate = read_definition(cursor, lambda token: gates[token.text], Limits())
        gates[name.text] = gate
    synonyms = {"u1": NATIVE["p"], "u3": NATIVE["u"], "cu1": NATIVE["cp"]}
    return MappingProxyType({name: gate for name, gate in (gates | synonyms).items() if name not in EXTRAS})
