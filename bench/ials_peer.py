"""implicit's alternating least squares, on command:
  python ials_peer.py MODEL.safetensors SPLIT.safetensors ALPHA REG THREADS
  time FACTORS N      seconds an iteration on the model's interactions, of N
  quality FACTORS N   NDCG@100, Recall@20, Recall@50 of the split's test users"""
import sys

import numpy as np
import scipy.sparse
from implicit.als import AlternatingLeastSquares

from tensors import tensors

K = 100


def matrix(arrays, part, items):
    offsets, indices = (np.asarray(arrays[f"{part}.{name}"]) for name in ("offsets", "indices"))
    return scipy.sparse.csr_matrix((np.ones(len(indices), np.float32), indices, offsets), shape=(len(offsets) - 1, items))


def make(factors, iterations, alpha, reg, threads):
    # Its confidence is alpha where a value is stored, and 1 elsewhere.
    return AlternatingLeastSquares(factors=factors, regularization=reg, alpha=alpha, iterations=iterations, use_gpu=False,
                                   calculate_training_loss=False, num_threads=threads, random_state=1)


def measure(model, seen, wanted):
    ids, _ = model.recommend(np.arange(seen.shape[0]), seen, N=K, filter_already_liked_items=True, recalculate_user=True)
    gains, rows = 1 / np.log2(np.arange(2, K + 2)), []
    for user, best in enumerate(ids):
        relevant = wanted.indices[wanted.indptr[user]:wanted.indptr[user + 1]]
        hits = np.isin(best, relevant)
        rows.append(((gains * hits).sum() / gains[:min(len(relevant), K)].sum(),
                     hits[:20].sum() / min(20, len(relevant)), hits[:50].sum() / min(50, len(relevant))))
    return np.mean(rows, axis=0)


def main():
    model_path, split_path, alpha, reg, threads = sys.argv[1:6]
    alpha, reg, threads = float(alpha), float(reg), int(threads)
    arrays, split = tensors(model_path), tensors(split_path)
    items = len(arrays["item_users"])
    whole = matrix(arrays, "interactions", items)
    for line in sys.stdin:
        verb, factors, iterations = line.split()
        factors, iterations = int(factors), int(iterations)
        model = make(factors, iterations, alpha, reg, threads)
        if verb == "time":
            seconds = []
            model.fit(whole, show_progress=False, callback=lambda _, of_iteration, __: seconds.append(of_iteration))
            print(np.median(seconds), flush=True)
        else:
            train = matrix(split, "train", items)
            model.fit(train, show_progress=False)
            print(*measure(model, matrix(split, "test_in", items), matrix(split, "test_out", items)), flush=True)


if __name__ == "__main__":
    main()
