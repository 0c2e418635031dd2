"""Ready circuits: ansätze, encodings of data, and the quantum Fourier transform."""

from ketgrad.templates.amplitude_encoding import amplitude_encoding
from ketgrad.templates.angle_encoding import angle_encoding
from ketgrad.templates.fourier import qft
from ketgrad.templates.layers import hardware_efficient, strongly_entangling
from ketgrad.templates.optimization import qaoa
from ketgrad.templates.unitary_coupled_cluster import ucc_double

__all__ = [
    "amplitude_encoding",
    "angle_encoding",
    "hardware_efficient",
    "qaoa",
    "qft",
    "strongly_entangling",
    "ucc_double",
]
