"""The dictionary of a function that has some of everything, and copies of it with one entry changed."""

import copy
import re

import numpy as np
import pytest

import ketgrad as kg

theta = kg.parameters("theta", (2,))
RECORD = kg.function(
    kg.Circuit(2)
    .rx(2 * theta[1] + 0.5, 0)
    .controlled(kg.Circuit(1).unitary([[0, 1], [1, 0]], [0]), [0], [1])
    .measure(0, 0)
    .conditioned(kg.Circuit(1).pauli_rotation(0.5, "X", [0]), [0], [1])
    .bit_flip(0.25, 0)
    .reset(0)
    .prepare([0.6, 0.8], [0])
    .post_select("0", [0])
    .readout_error(0.1, 0.2, 1)
    .kraus([np.eye(2)], [1]),
    kg.expval(kg.Z(0) + 0.5 * kg.X(1)),
    kg.fidelity([1, 0], [0]),
    kg.entropy([0], 2),
    gradient=kg.gradients.FiniteDifference(0.1),
).to_dict()


def changed(path, value):
    record = copy.deepcopy(RECORD)
    inner = record
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return record


def check_refused(path, value, error, sentence):
    """Expect an error of ketgrad with this sentence for the record with this entry."""
    with pytest.raises(error, match=re.escape(sentence)) as caught:
        kg.CircuitFunction.from_dict(changed(path, value))
    assert isinstance(caught.value, kg.KetgradError)
