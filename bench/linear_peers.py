"""One way to fit or to use EASE without Bascule, in a process of its own: prints seconds and peak memory as JSON.
  python linear_peers.py fit-inv|fit-lapack|top-scipy|top-torch MATRICES.npz L2 THREADS
MATRICES.npz has users × items as CSR (data, indices, indptr, shape); of top-*, also weights and the held-out users."""
import json
import resource
import sys
import time

import numpy as np
import scipy.linalg
import scipy.sparse


def matrix(arrays, prefix=""):
    parts = [arrays[prefix + name] for name in ("data", "indices", "indptr")]
    return scipy.sparse.csr_matrix(tuple(parts), shape=arrays[prefix + "shape"])


class Clock:
    def __init__(self):
        self.seconds, self.last = {}, time.perf_counter()

    def stage(self, name):
        now = time.perf_counter()
        self.seconds[name], self.last = now - self.last, now


def gram(x, l2, clock):
    g = (x.T @ x).toarray().astype(np.float32, order="F")
    g[np.diag_indices(len(g))] += l2
    clock.stage("gram")
    return g


def fit_inv(x, l2, clock):
    """The few lines that the paper prints."""
    p = np.linalg.inv(gram(x, l2, clock))
    clock.stage("inverse")
    b = p / -np.diag(p)
    b[np.diag_indices(len(b))] = 0
    clock.stage("weights")


def fit_lapack(x, l2, clock):
    """Cholesky in place, on one triangle."""
    g = gram(x, l2, clock)
    potrf, potri = scipy.linalg.get_lapack_funcs(("potrf", "potri"), (g,))
    factor, failed = potrf(g, lower=1, overwrite_a=1)
    assert failed == 0
    p, failed = potri(factor, lower=1, overwrite_c=1)
    assert failed == 0
    clock.stage("inverse")
    for begin in range(0, len(p), 1024):
        end = min(begin + 1024, len(p))
        p[begin:end, end:] = p[end:, begin:end].T
        square = p[begin:end, begin:end]
        square[:] = np.tril(square) + np.tril(square, -1).T
    p /= -np.diag(p).copy()
    p[np.diag_indices(len(p))] = 0
    clock.stage("weights")


def top_scipy(x, weights, k, clock):
    for begin in range(0, x.shape[0], 500):
        rows = x[begin:begin + 500]
        scores = rows @ weights
        scores[rows.nonzero()] = -np.inf
        best = np.argpartition(scores, -k, axis=1)[:, -k:]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        np.take_along_axis(best, order, axis=1)
    clock.stage("top")


def top_torch(x, weights, k, clock):
    import torch
    weights = torch.from_numpy(weights)
    for begin in range(0, x.shape[0], 500):
        rows = x[begin:begin + 500]
        scores = torch.nn.functional.embedding_bag(
            torch.from_numpy(rows.indices.astype(np.int64)), weights, torch.from_numpy(rows.indptr[:-1].astype(np.int64)),
            mode="sum", per_sample_weights=torch.from_numpy(rows.data.astype(np.float32)))
        users, items = (torch.from_numpy(part.astype(np.int64)) for part in rows.nonzero())
        scores[users, items] = -torch.inf
        torch.topk(scores, k)
    clock.stage("top")


def main():
    mode, path, l2, threads = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    arrays = np.load(path)
    if mode == "top-torch":
        import torch
        torch.set_num_threads(threads)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if mode.startswith("fit"):
        x, clock = matrix(arrays), Clock()
        {"fit-inv": fit_inv, "fit-lapack": fit_lapack}[mode](x, l2, clock)
    else:
        x, weights = matrix(arrays, "held_"), np.ascontiguousarray(arrays["weights"])
        clock = Clock()
        {"top-scipy": top_scipy, "top-torch": top_torch}[mode](x, weights, 100, clock)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": clock.seconds, "peak_mib": after / 1024, "before_mib": before / 1024}))


if __name__ == "__main__":
    main()
