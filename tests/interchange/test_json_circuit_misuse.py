"""What is refused of the circuit in a dictionary that a person changed, or made up: each with its sentence."""

import pytest

from changed_records import check_refused

RX, UNITARY, MEASURE, ROTATION, FLIP, PREPARE, SELECT, ERROR, KRAUS = (
    ("circuit", "instructions", place) for place in (0, 1, 2, 3, 4, 6, 7, 8, 9)
)
MATRIX = (*UNITARY, "matrix", "array")
TERMS = (*RX, "parameters", 0, "terms")
RANGE = "but the circuit has qubits 0 to 1"
CHANNELS = (
    "amplitude_damping, bit_flip, depolarizing, depolarizing2, misread, phase_damping, phase_flip, reset, "
    "thermal_relaxation"
)

# Where in the record, what is put there, which error, and its sentence.
REFUSED = {
    "true as a version": (
        ("circuit", "version"), True, NotImplementedError,
        "the ketgrad.circuit is of version True, and version 1 is read here; install the ketgrad that wrote "
        "it, or write "
        "it anew",
    ),
    "a circuit that is a function": (
        ("circuit", "format"), "ketgrad.function", ValueError,
        "got 'ketgrad.function' where a dictionary with \"format\": \"ketgrad.circuit\" is due; give what to_dict made",
    ),
    "an unknown entry": (
        ("circuit", "code"), "exit()", ValueError,
        'a circuit has "code"; give "format", "version", "num_qubits", "registers", "parameters", "instructions"',
    ),
    "no qubits": (("circuit", "num_qubits"), 0, ValueError, "the circuit has 0 qubits; a file may have 1 to 1024"),
    "a million qubits": (
        ("circuit", "num_qubits"), 10**6, ValueError, "the circuit has 1000000 qubits; a file may have 1 to 1024",
    ),
    "half a qubit": (("circuit", "num_qubits"), 1.5, TypeError, "the number of qubits is 1.5; give an integer"),
    "true as a number of qubits": (
        ("circuit", "num_qubits"), True, TypeError, "the number of qubits is True; give an integer",
    ),
    "an empty register": (
        ("circuit", "registers"), [0], ValueError,
        "the classical registers have the sizes (0,); give ones of 1 to 65536 bits",
    ),
    "a huge register": (
        ("circuit", "registers"), [10**9], ValueError,
        "the classical registers have the sizes (1000000000,); give ones of 1 to 65536 bits",
    ),
    "instructions that are no list": (
        ("circuit", "instructions"), "rx", TypeError, "instructions is 'rx'; give a list",
    ),
    "an instruction that is no dictionary": (
        RX, 5, ValueError,
        "instruction 0: an instruction is of the type 5; the types are gate, unitary, pauli_rotation, channel, kraus, "
        "measure, post_select, prepare, readout_error",
    ),
    "an unknown instruction": (
        (*RX, "type"), "import", ValueError,
        "instruction 0: an instruction is of the type 'import'; the types are gate, unitary, pauli_rotation, channel, "
        "kraus, measure, post_select, prepare, readout_error",
    ),
    "an unknown gate": ((*RX, "name"), "os.system", ValueError, "instruction 0: gate 'os.system' is not known"),
    "a gate whose name is a list": ((*RX, "name"), ["rx"], ValueError, "instruction 0: gate ['rx'] is not known"),
    "a qubit out of range": ((*RX, "qubits"), [2], ValueError, f"instruction 0: rx got qubit 2, {RANGE}"),
    "a negative qubit": ((*RX, "qubits"), [-1], ValueError, f"instruction 0: rx got qubit -1, {RANGE}"),
    "too many qubits": ((*RX, "qubits"), [0, 1], ValueError, "instruction 0: rx takes 1 qubit, got 2"),
    "qubits that are no list": (
        (*RX, "qubits"), 0, TypeError, "instruction 0: rx got 0 where a list is due; give one, such as [0, 1]",
    ),
    "an angle that is NaN": (
        (*RX, "parameters"), [float("nan")], ValueError,
        "instruction 0: rx got the parameter nan; give a finite number",
    ),
    "an angle that is text": (
        (*RX, "parameters"), ["1"], TypeError,
        "instruction 0: rx got the parameter '1'; give a real number or a 0-d array",
    ),
    "an angle that is nothing": (
        (*RX, "parameters"), [None], TypeError,
        "instruction 0: rx got the parameter None; give a real number or a 0-d array",
    ),
    "an angle that is a list": (
        (*RX, "parameters"), [[1.0]], TypeError,
        "instruction 0: rx got the parameter [1.0]; give a real number or a 0-d array",
    ),
    "an angle beyond all floats": (
        (*RX, "parameters"), [10**400], ValueError,
        "instruction 0: rx got a parameter beyond all floats; give a smaller number",
    ),
    "too many angles": ((*RX, "parameters"), [1, 2], ValueError, "instruction 0: rx takes 1 parameter, got 2"),
    "a term of an array that is not declared": (
        TERMS, [["phi", 0, 1.0]], ValueError,
        "instruction 0: rx has a term of 'phi'; the declared arrays are theta",
    ),
    "an element out of range": (
        TERMS, [["theta", 2, 1.0]], ValueError, "instruction 0: rx has element 2 of theta, which has 2 elements",
    ),
    "a negative element": (
        TERMS, [["theta", -1, 1.0]], ValueError, "instruction 0: rx has element -1 of theta, which has 2 elements",
    ),
    "an infinite factor": (
        TERMS, [["theta", 1, float("inf")]], ValueError,
        "instruction 0: rx got the parameter inf; give a finite number",
    ),
    "a complex factor": (
        TERMS, [["theta", 1, [0, 1]]], TypeError,
        "instruction 0: rx has the complex number 1j in a parameter; give a real one",
    ),
    "a term twice": (
        TERMS, [["theta", 1, 1.0], ["theta", 1, 2.0]], ValueError,
        "instruction 0: rx has two terms of one symbol; give their sum as one",
    ),
    "a term that is no triple": (
        TERMS, ["abc", 5], TypeError, "instruction 0: rx has a term 'abc'; give [name, place, factor]",
    ),
    "a name that is no identifier": (
        ("circuit", "parameters", 0, "name"), "a b", ValueError,
        "'a b' is no name for parameters; give a Python identifier such as \"theta\"",
    ),
    "a shape without elements": (
        ("circuit", "parameters", 0, "shape"), [0], ValueError,
        "the shape of theta is (0,); give sizes of at least 1",
    ),
    "a huge declared array": (
        ("circuit", "parameters", 0, "shape"), [10**12], ValueError,
        "theta is declared with the shape (1000000000000,); a file may declare 16777216 elements at most, on 32 axes",
    ),
    "an array declared twice": (
        ("circuit", "parameters"), [{"name": "theta", "shape": [2]}] * 2, ValueError,
        "theta is declared twice; declare each array once",
    ),
    "a matrix that is not unitary": (
        (*MATRIX, "values"), [[1, 0]] * 4, ValueError,
        "instruction 1: the matrix is not unitary: U†U differs from the identity by 2; give one that does by less than "
        "1e-06",
    ),
    "a matrix of another shape": (
        (*MATRIX, "shape"), [4], ValueError,
        "instruction 1: unitary on 1 qubit takes a matrix of shape (2, 2), got (4,)",
    ),
    "fewer values than the shape has": (
        (*MATRIX, "shape"), [10**9, 10**9], ValueError,
        "instruction 1: unitary has 4 values for the shape (1000000000, 1000000000); give one for each place",
    ),
    "a negative size": (
        (*MATRIX, "shape"), [-2, -2], ValueError,
        "instruction 1: unitary has 4 values for the shape (-2, -2); give one for each place",
    ),
    "a type of objects": (
        (*MATRIX, "dtype"), "object", ValueError,
        "instruction 1: the dtype of unitary is 'object'; give one of float32, float64, complex64, complex128",
    ),
    "a complex number that is no pair": (
        (*MATRIX, "values", 0), 1.0, TypeError,
        "instruction 1: unitary has the value 1.0; give a complex number as [real, imaginary]",
    ),
    "a matrix with NaN": (
        (*MATRIX, "values", 0), [float("nan"), 0], ValueError,
        "instruction 1: unitary got the parameter nan; give a finite number",
    ),
    "an adjoint that is a number": (
        (*UNITARY, "adjoint"), "yes", TypeError,
        "instruction 1: the entry \"adjoint\" of unitary is 'yes'; give true or false",
    ),
    "a control that is a target": (
        (*UNITARY, "controls", "qubits"), [1], ValueError,
        "instruction 1: unitary got the qubits (1, 1), but each may come only once",
    ),
    "a control on another value": (
        (*UNITARY, "controls", "on"), "2", ValueError,
        "instruction 1: controls act on '2'; give 0, 1, or a string with one of these for each",
    ),
    "a value of controls that is a number": (
        (*UNITARY, "controls", "on"), 1, TypeError,
        'instruction 1: the entry "on" is 1; give a string with 0 or 1 for each, such as "01"',
    ),
    "a bit out of range": (
        (*MEASURE, "bit"), 10**9, ValueError,
        "instruction 2: measure got the classical bit 1000000000; bits are counted from 0 to 65535",
    ),
    "a condition on a bit that is not there": (
        (*ROTATION, "conditions", "bits"), [1], ValueError,
        "instruction 3: conditions got bit 1, but the circuit has bit 0 alone",
    ),
    "another Pauli word": (
        (*ROTATION, "word"), "Q", ValueError,
        "instruction 3: pauli_rotation got the word 'Q' for 1 qubit; give a string with I, X, Y or Z for each "
        "qubit, not "
        'all of them I, such as "XYZ"',
    ),
    "no angle": (
        (*ROTATION, "parameters"), [], ValueError, "instruction 3: pauli_rotation takes 1 parameters, got 0",
    ),
    "a probability above 1": (
        (*FLIP, "parameters"), [1.5], ValueError,
        "instruction 4: bit_flip got the probability 1.5; give one from 0 to 1",
    ),
    "an unknown channel": (
        (*FLIP, "name"), ["x"], ValueError,
        f"instruction 4: channel ['x'] is not known; the channels are {CHANNELS}",
    ),
    "a channel with controls": (
        (*FLIP, "controls"), {"qubits": [1], "on": "1"}, ValueError,
        'instruction 4: channel has "controls"; give "type", "name", "parameters", "qubits"',
    ),
    "amplitudes that are all zero": (
        (*PREPARE, "amplitudes", "array", "values"), [[0, 0], [0, 0]], ValueError,
        "instruction 6: prepare got amplitudes that are all zero, which is no state; give at least one other",
    ),
    "more amplitudes than outcomes": (
        (*PREPARE, "amplitudes"), [1.0, 0.0, 0.0], ValueError,
        "instruction 6: prepare on 1 qubit takes amplitudes of shape (2,), got (3,); pad them with zeros, or "
        "name other "
        "qubits",
    ),
    "an outcome that is a number": (
        (*SELECT, "bits"), 0, ValueError,
        "instruction 7: post_select got the outcome 0 for 1 qubit; give a string with 0 or 1 for each, such as \"01\"",
    ),
    "errors of reading below 0": (
        (*ERROR, "parameters"), [-0.1, 0.1], ValueError,
        "instruction 8: readout_error got the probability -0.1; give one from 0 to 1",
    ),
    "Kraus operators that lose probability": (
        (*KRAUS, "matrices", 0, "array", "values"), [[0.5, 0], [0, 0], [0, 0], [1, 0]], ValueError,
        "instruction 9: the Kraus operators do not preserve the trace: Σ K†K differs from the identity by "
        "0.75; give ones "
        "for which it does by less than 1e-06",
    ),
    "qubits that are no longer in 0": (
        ("circuit", "instructions", 5, "name"), "bit_flip", ValueError,
        "instruction 5: bit_flip takes 1 parameter and 1 qubit, got 0 and 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("path", "value", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_wrong_entries_are_refused_with_a_sentence(path, value, error, sentence):
    check_refused(path, value, error, sentence)
