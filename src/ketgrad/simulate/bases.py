"""Which Pauli words can be measured together: those that agree, qubit by qubit, on the basis of each."""

from __future__ import annotations

from collections.abc import Sequence

from ketgrad.observables.pauli import Word


def group_words(words: Sequence[Word]) -> list[tuple[Word, list[Word]]]:
    """Return settings, each a Pauli word whose letters are the bases, with the words that it measures.

    Longer words come first, each into the first setting that it agrees with; so there is always one for each word.
    Reference: V. Verteletskyi et al., J. Chem. Phys. 152, 124114 (2020), for grouping by qubit-wise commutation.
    """
    groups: list[tuple[dict[int, str], list[Word]]] = []
    for word in sorted(dict.fromkeys(words), key=len, reverse=True):
        for letters, members in groups:
            if all(letters.get(qubit, letter) == letter for qubit, letter in word):
                letters.update(word)
                members.append(word)
                break
        else:
            groups.append((dict(word), [word]))
    return [(tuple(sorted(letters.items())), members) for letters, members in groups]
