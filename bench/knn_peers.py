"""The peers' side of bench/knn.py: each call does what a user of the library has to do from an
items x users CSR matrix, normalisation and transposition included."""
import warnings

import numpy as np
import scipy.sparse as sp
from implicit._nearest_neighbours import all_pairs_knn
from implicit.nearest_neighbours import CosineRecommender, normalize
from sklearn.neighbors import NearestNeighbors
from sparse_dot_topn import sp_matmul_topn

warnings.filterwarnings("ignore", module="implicit")


def normalised(matrix):
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
    rows = (sp.diags(1 / np.maximum(norms, 1e-30)) @ matrix).tocsr().astype(np.float32)
    return rows, rows.T.tocsr()


class Implicit:
    def __init__(self, matrix, threads):
        self.threads = threads
        self.users = matrix.T.tocsr().astype(np.float64)
        self.weights = normalize(self.users.T).T.tocsr()

    def whole(self, k):
        model = CosineRecommender(K=k, num_threads=self.threads)
        model.fit(self.users, show_progress=False)
        return model.similarity

    def search(self, k):
        return all_pairs_knn(self.weights, k, show_progress=False, num_threads=self.threads)


class SparseDotTopn:
    def __init__(self, matrix, threads):
        self.matrix, self.threads = matrix, threads
        self.rows, self.columns = normalised(matrix)

    def whole(self, k):
        return sp_matmul_topn(*normalised(self.matrix), k, n_threads=self.threads)

    def search(self, k):
        return sp_matmul_topn(self.rows, self.columns, k, n_threads=self.threads)


class SciPyQuery:
    def __init__(self, matrix):
        self.rows, self.columns = normalised(matrix)

    def query(self, item, k):
        scores = self.rows[item] @ self.columns
        take = min(k + 1, scores.nnz)
        best = np.argpartition(-scores.data, take - 1)[:take]
        best = best[np.argsort(-scores.data[best], kind="stable")]
        return scores.indices[best], scores.data[best]


class SklearnQuery:
    def __init__(self, matrix, jobs=1):
        self.matrix = matrix
        self.model = NearestNeighbors(metric="cosine", algorithm="brute", n_jobs=jobs).fit(matrix)

    def query(self, item, k):
        return self.model.kneighbors(self.matrix[item], k + 1)

    def whole(self, k):
        return self.model.kneighbors(self.matrix, k + 1)
