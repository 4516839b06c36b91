"""Loops over pairs of person and vacancy, compiled: sums in one order and width, whoever else is asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.many.compiled import compiled

Array = NDArray[Any]
Sparse = tuple[Array, Array, Array]
"""Rows as starts, columns and weights."""


def _products(matrix: Array, vectors: Array, p: Array, v: Array) -> Array:
    found = np.zeros(len(p))
    for at in range(len(p)):
        total = 0.0
        for d in range(matrix.shape[1]):
            total += matrix[v[at], d] * vectors[p[at], d]
        found[at] = total
    return found


def _skills(rows: Sparse, asked: Sparse, p: Array, v: Array) -> Array:
    """Return the shares of skills of pairs, added in the order in which the person stated them."""
    starts, columns, weights = rows
    of, skills, _ = asked
    found = np.zeros(len(p))
    for at in range(len(p)):
        row, total = v[at], np.float32(0.0)
        for s in range(of[p[at]], of[p[at] + 1]):
            for e in range(starts[row], starts[row + 1]):
                if columns[e] == skills[s]:
                    total += weights[e]
        found[at] = total
    return found


def _alike(texts: Sparse, n_words: int, query_of: Sparse, history: Sparse, p: Array, v: Array) -> tuple[Array, Array]:
    """Return the likeness of pairs' texts to the person's words and to the centre of earlier texts, float64 (n,) each.

    Pairs of one person stand together.
    """
    starts, columns, weights = texts
    q_start, q_word, q_weight = query_of
    h_start, h_row, h_weight = history
    profile, past = np.zeros(len(p)), np.zeros(len(p))
    query, centre = np.zeros(n_words), np.zeros(n_words)
    at_person, has_past = -1, False
    for at in range(len(p)):
        person = p[at]
        if person != at_person:
            at_person = person
            query[:] = 0.0
            for e in range(q_start[person], q_start[person + 1]):
                query[q_word[e]] = q_weight[e]
            has_past = h_start[person] < h_start[person + 1]
            if has_past:
                centre[:] = 0.0
                for h in range(h_start[person], h_start[person + 1]):
                    for e in range(starts[h_row[h]], starts[h_row[h] + 1]):
                        centre[columns[e]] += h_weight[h] * weights[e]
                length = np.sqrt((centre * centre).sum())
                if length > 0:
                    centre /= length
        a, b = 0.0, 0.0
        for e in range(starts[v[at]], starts[v[at] + 1]):
            a += query[columns[e]] * weights[e]
            b += centre[columns[e]] * weights[e]
        profile[at] = a
        if has_past:
            past[at] = b
    return profile, past


pair_products = compiled(_products)
pair_skills = compiled(_skills)
pair_likeness = compiled(_alike)
