"""Fixtures of the optimizers' tests, and what pytest must not import to look for examples: code for other processes."""

import pytest

import ketgrad as kg

collect_ignore = ["keras_training.py"]


@pytest.fixture
def in_torch():
    """PyTorch in force."""
    with kg.use_backend("pytorch") as backend:
        yield backend
