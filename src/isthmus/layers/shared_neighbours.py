"""The graph of rows that share their nearest neighbours."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

WEAKEST = 1e-6  # weight of an edge between neighbours that share none


def shared_neighbours(codes: NDArray[np.floating], neighbours: int) -> csr_matrix:
    """Symmetric weights ``[n, n]`` between each row and its nearest: the share of the neighbours that both have.

    The Jaccard index of the neighbourhoods, each with the row itself. What lies between two clusters is near to some
    of both, but shares few neighbours with either: so edges within clusters weigh more.

    Source: Jarvis & Patrick 1973, Clustering using a similarity measure based on shared near neighbors; Levine et al.
    2015, Data-driven phenotypic dissection of AML (PhenoGraph).

    >>> weights = shared_neighbours(np.array([[0.0], [1.0], [9.0], [10.0]]), neighbours=1)
    >>> weights.toarray().round(2)[0].tolist()
    [0.0, 1.0, 0.0, 0.0]
    """
    from sklearn.neighbors import NearestNeighbors

    count = len(codes)
    nearest = NearestNeighbors(n_neighbors=neighbours).fit(codes).kneighbors(return_distance=False)  # without itself
    row = np.repeat(np.arange(count), neighbours)
    near = csr_matrix((np.ones(count * neighbours, np.float32), (row, nearest.ravel())), shape=(count, count))
    either = near.maximum(near.T).tocsr()
    with_itself = (near + sparse.eye(count, dtype=np.float32)).tocsr()
    shared = (with_itself @ with_itself.T).multiply(either).tocsr()
    shared.data /= 2 * (neighbours + 1) - shared.data
    return (shared + WEAKEST * either).tocsr()
