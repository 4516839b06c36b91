"""Types of the arrays that travel between models, and the few matrix steps that several of them share."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
AnyArray = npt.NDArray[Any]
Sparse = sparse.csr_matrix[np.float32]


def empty_rows(n_rows: int, n_columns: int) -> Sparse:
    """Return a matrix without entries, float32 (n_rows, n_columns)."""
    nothing = np.zeros(0, dtype=np.int32)
    parts = (np.zeros(0, dtype=np.float32), nothing, np.zeros(n_rows + 1, dtype=np.int32))
    return sparse.csr_matrix(parts, shape=(n_rows, n_columns))


def unit_rows(matrix: Sparse) -> Sparse:
    """Return the matrix with every row scaled to Euclidean length 1; an empty row stays empty."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64)).ravel()
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return scale_rows(matrix, scale)


def unit_vectors(vectors: Vectors) -> Vectors:
    """Return the dense rows scaled to length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    # A row of zeros is divided by 1: whoever has no direction keeps none.
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def scale_rows(matrix: Sparse, scale: npt.NDArray[np.floating[Any]]) -> Sparse:
    """Return the matrix with row i multiplied by `scale[i]`; a new matrix, indices sorted."""
    scaled = sparse.csr_matrix(matrix, dtype=np.float32, copy=True)
    scaled.data *= np.repeat(np.asarray(scale, dtype=np.float32), np.diff(scaled.indptr))
    scaled.sort_indices()
    return scaled


def row_dots(left: Sparse, right: Sparse) -> Floats:
    """Return the inner product of row i of one matrix with row i of the other, for every i."""
    return np.asarray(left.multiply(right).sum(axis=1), dtype=np.float64).ravel()


def top_positions(scores: npt.NDArray[np.floating[Any]], k: int) -> Positions:
    """Return the positions of the at most `k` highest scores, best first; ties keep the lower position first.

    A score of minus infinity marks what must not be listed and is never returned.
    """
    if k < len(scores):
        # Everything tied with the k-th score stays in, so that the stable sort alone decides between equals.
        threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
        found = np.flatnonzero(scores >= threshold)
    else:
        found = np.arange(len(scores))
    ordered = found[np.argsort(-scores[found], kind="stable")][:k]
    return ordered[scores[ordered] > -np.inf].astype(np.int64)
