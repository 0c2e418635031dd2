"""The Fisher information of a model's probabilities, over classical and quantum parameters together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from ketgrad.errors import InvalidTypeError, InvalidValueError
from ketgrad.information import NOTHING
from ketgrad.protocol import Array

SUM = 1e-4
"""By how much probabilities in single precision may miss the sum 1."""


def fisher_information(
    model: Any, inputs: Any, params: Iterable[Array] | None = None, *, from_logits: bool = False
) -> Array:
    """Return the Fisher information of a model's probabilities p(k | x; θ), averaged over a batch of inputs x.

    Fᵢⱼ = ⟨Σₖ pₖ ∂ᵢ log pₖ ∂ⱼ log pₖ⟩ₓ, in which outcomes with a probability below 1e-14 have no share. It is over all
    parameters, whether classical or of circuits, so that as the metric of a group with both it is their hybrid block.

    Reference: S. Amari, "Natural gradient works efficiently in learning", Neural Computation 10, 251 (1998).

    Parameters
    ----------
    model
        An `nn.Module` that returns probabilities of shape (batch, m).
    inputs
        A tensor of shape (batch, ...), or a tuple of several.
    params
        Parameters of the model; left out, all that are not frozen, in the model's order.
    from_logits
        Whether the model returns logits, of which the softmax gives the probabilities.

    Returns
    -------
    Tensor
        Of shape (N, N), for all elements of the parameters, flattened and one after another; without a graph.

    Raises
    ------
    InvalidTypeError
        If the model is no `nn.Module`, inputs are no tensors, or a parameter is not the model's own.
    InvalidValueError
        If there is no sample, or no parameter, or the model returns no probabilities.

    Examples
    --------
    >>> import ketgrad as kg
    >>> import torch
    >>> model = torch.nn.Linear(1, 2, bias=False)
    >>> _ = torch.nn.init.zeros_(model.weight)
    >>> kg.optimize.torch.fisher_information(model, torch.tensor([[1.0], [3.0]]), from_logits=True).tolist()
    [[1.25, -1.25], [-1.25, 1.25]]
    """
    if not isinstance(model, torch.nn.Module):
        raise InvalidTypeError(f"fisher_information takes an nn.Module, got a {type(model).__name__}")
    samples = inputs if isinstance(inputs, tuple) else (inputs,)
    _check_samples(samples)
    chosen = {name: tensor.detach() for name, tensor in _chosen(model, params).items()}
    if not chosen:
        raise InvalidValueError("there are no parameters to have an information; give a model with some not frozen")

    def outcomes(values: dict[str, Array], *sample: Array) -> tuple[Array, Array]:
        """Return what is differentiated, and the probabilities."""
        row = tuple(each.unsqueeze(0) for each in sample)
        found = torch.func.functional_call(model, values, row).squeeze(0)
        return (found.log_softmax(-1), found.softmax(-1)) if from_logits else (found, found)

    axes = (None, *(0 for _ in samples))
    mapped = torch.func.vmap(torch.func.jacrev(outcomes, has_aux=True), in_dims=axes, randomness="different")
    slopes, probabilities = mapped(chosen, *samples)
    _check_probabilities(probabilities)
    rows = torch.cat([each.reshape(*probabilities.shape, -1) for each in slopes.values()], dim=2)
    weights = probabilities if from_logits else _inverse(probabilities)
    return torch.einsum("bk,bki,bkj->ij", weights, rows, rows).detach() / len(probabilities)


def _check_samples(samples: tuple[Any, ...]) -> None:
    for sample in samples:
        if not isinstance(sample, torch.Tensor):
            raise InvalidTypeError(
                f"inputs hold a {type(sample).__name__}; give a tensor of shape (batch, ...), or a tuple of several"
            )
    sizes = {len(sample) if sample.ndim else 0 for sample in samples}
    if len(sizes) != 1 or 0 in sizes:
        shapes = ", ".join(str(tuple(sample.shape)) for sample in samples)
        raise InvalidValueError(f"inputs have the shapes {shapes or 'none'}; give one sample or more, (batch, ...)")


def _inverse(probabilities: Array) -> Array:
    comes = probabilities > NOTHING
    return torch.where(comes, 1 / torch.where(comes, probabilities, 1.0), 0.0)


def _chosen(model: Any, params: Iterable[Array] | None) -> dict[str, Array]:
    named = dict(model.named_parameters())
    if params is None:
        return {name: tensor for name, tensor in named.items() if tensor.requires_grad}
    names = {id(tensor): name for name, tensor in named.items()}
    given = list(params)
    if not all(id(tensor) in names for tensor in given):
        raise InvalidTypeError("params has a tensor that is no parameter of the model; give some of model.parameters()")
    return {names[id(tensor)]: tensor for tensor in given}


def _check_probabilities(found: Array) -> None:
    is_row = found.ndim == 2 and found.is_floating_point()
    if not is_row or (found < -SUM).any() or ((found.sum(1) - 1).abs() > SUM).any():
        raise InvalidValueError(
            f"the model's results, of shape {tuple(found.shape)}, are no probabilities, which are (batch, m) and sum "
            "to 1; give one that measures kg.probs or ends in a softmax, or from_logits=True"
        )
