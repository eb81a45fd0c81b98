"""Quality of Bascule and of independent implementations (NumPy, SciPy, implicit) on the very same split and settings.
  python bench/reference_quality.py --bascule build/bench/bascule --vae-bench build/bench/vae_bench --data-dir DIR --data SET
  [--min-rating 0] [--heldout 600] [--models popularity,item-knn,...] [--json out.json]
vae_bench writes the split that Bascule measures on (seed 1); the reference is fitted on its training users and ranks its test
users. Prints a table with the standard error of the mean over the users. ease, edlae and rp3beta are dense in the reference:
8 bytes for every pair of items, several times; ease and edlae 4 bytes once beyond LARGE items."""
import argparse
import json
import os
import subprocess
import tempfile

import numpy as np
import scipy.sparse as sp

from ials_peer import make, matrix
from tensors import tensors
from driver import Driver

K, BLOCK = 100, 500
LARGE = 20_000  # items, beyond which a matrix of all pairs is kept in single precision
NAMES = ("recall@20", "recall@50", "ndcg@100")
ALPHA, REG = 3.0, 10.0  # implicit's; what that is in Bascule's objective: bench/ials.py
KEYS = {
    "popularity": {},
    "item-knn": {"neighbors": 100},
    "user-knn": {"neighbors": 100},
    "ease": {"l2": 800.0},
    "edlae": {"l2": 500.0, "dropout": 0.33},
    "rp3beta": {"neighbors": 100, "transition_exponent": 0.8, "popularity_exponent": 0.5},
    "ials": {"factors": 64, "iterations": 15, "frequency_exponent": 0.0, "unobserved": 1 / ALPHA, "factor_l2": REG / ALPHA},
}


def unit_rows(x):
    return sp.diags_array(1 / np.sqrt(np.maximum(np.asarray(x.sum(1)).ravel(), 1))) @ x


def cut(scores, k):
    """All but the k greatest of each row become 0; ties to the lower column."""
    if scores.shape[1] > k:
        for row, least in zip(scores, np.partition(scores, -k, axis=1)[:, -k]):
            ties = np.flatnonzero(row == least)
            row[ties[k - np.count_nonzero(row > least):]] = 0
            row[row < least] = 0
    return scores


class Popularity:
    def __init__(self, x, _):
        self.counts = np.asarray(x.sum(0)).ravel()

    def scores(self, seen):
        return np.tile(self.counts, (seen.shape[0], 1))


class ItemKnn:
    """Cosine; the neighbours are those of the item to be recommended."""
    def __init__(self, x, keys):
        rows = unit_rows(x.T.tocsr()).tocsr()
        columns, lists = rows.T.tocsr(), []
        for begin in range(0, rows.shape[0], BLOCK):
            block = (rows[begin:begin + BLOCK] @ columns).toarray()
            block[np.arange(len(block)), begin + np.arange(len(block))] = 0
            lists.append(sp.csr_array(cut(block, keys["neighbors"])))
        self.weights = sp.vstack(lists).T.tocsr()

    def scores(self, seen):
        return (seen @ self.weights).toarray()


class UserKnn:
    def __init__(self, x, keys):
        self.x, self.unit, self.k = x, unit_rows(x).T.tocsr(), keys["neighbors"]

    def scores(self, seen):
        return (sp.csr_array(cut((unit_rows(seen) @ self.unit).toarray(), self.k)) @ self.x).toarray()


class Dense:
    def scores(self, seen):
        return seen @ self.weights


class Ease(Dense):
    """In double precision; where that would take tens of gigabytes, in single precision and in place."""
    def __init__(self, x, keys):
        share = keys.get("dropout", 0)
        counts = np.asarray((x * x).sum(0)).ravel()
        added = keys["l2"] + share / (1 - share) * counts
        invert = self.inverse_in_place if x.shape[1] > LARGE else self.inverse
        self.weights = invert(x, added)
        self.weights *= -1 / np.diag(self.weights)
        np.fill_diagonal(self.weights, 0)

    @staticmethod
    def inverse(x, added):
        return np.linalg.inv((x.T @ x).toarray().astype(np.float64) + np.diag(added))

    @staticmethod
    def inverse_in_place(x, added):
        n, step = x.shape[1], 2048
        matrix, rows = np.zeros((n, n), np.float32), sp.csr_array(x.T)
        for begin in range(0, n, BLOCK):
            matrix[begin:begin + BLOCK] = (rows[begin:begin + BLOCK] @ x).toarray()
        matrix[np.diag_indices(n)] += added
        # Gauss-Jordan by blocks: with SciPy's spotrf and spotri this ended in a segmentation fault at 41,000 rows.
        for begin in range(0, n, step):
            here = slice(begin, min(begin + step, n))
            pivot = np.linalg.inv(matrix[here, here].astype(np.float64)).astype(np.float32)
            line, column = pivot @ matrix[here], matrix[:, here].copy()
            line[:, here], matrix[:, here], column[here] = pivot, 0, 0
            for first in range(0, n, step):
                matrix[first:first + step] -= column[first:first + step] @ line
            matrix[here] = line
        return matrix


class Rp3Beta(Dense):
    def __init__(self, x, keys):
        counts, lengths = (np.maximum(np.asarray(x.sum(axis)).ravel(), 1) for axis in (0, 1))
        alpha, beta, k = keys["transition_exponent"], keys["popularity_exponent"], keys["neighbors"]
        to_users = sp.diags_array(counts ** -alpha) @ x.T
        w = (to_users @ (sp.diags_array(lengths ** -alpha) @ x)).toarray() / counts ** beta
        np.fill_diagonal(w, 0)
        cut(w, k)
        w /= np.maximum(w.sum(1, keepdims=True), 1e-300)
        self.weights = np.ascontiguousarray(cut(np.ascontiguousarray(w.T), k).T)


class Als:
    def __init__(self, x, keys):
        self.model = make(keys["factors"], keys["iterations"], ALPHA, REG, int(os.environ.get("OMP_NUM_THREADS", "2")))
        self.model.fit(sp.csr_matrix(x, dtype=np.float32), show_progress=False)

    def scores(self, seen):
        users = self.model.recalculate_user(np.arange(seen.shape[0]), sp.csr_matrix(seen, dtype=np.float32))
        return users @ self.model.item_factors.T


REFERENCES = {"popularity": Popularity, "item-knn": ItemKnn, "user-knn": UserKnn, "ease": Ease, "edlae": Ease, "rp3beta": Rp3Beta,
              "ials": Als}


def measure(model, seen, wanted, never):
    """Of every user, a row of the metrics; items that no training user has are not recommended."""
    gains, rows = 1 / np.log2(np.arange(2, K + 2)), []
    for begin in range(0, seen.shape[0], BLOCK):
        part = seen[begin:begin + BLOCK]
        scores = model.scores(part)
        scores[part.nonzero()] = -np.inf
        scores[:, never] = -np.inf
        for user, best in enumerate(np.argsort(-scores, axis=1, kind="stable")[:, :K], begin):
            relevant = wanted.indices[wanted.indptr[user]:wanted.indptr[user + 1]]
            hits = np.isin(best, relevant)
            rows.append((hits[:20].sum() / min(20, len(relevant)), hits[:50].sum() / min(50, len(relevant)),
                         (gains * hits).sum() / gains[:min(len(relevant), K)].sum()))
    return np.array(rows)


def of_bascule(options, models, work):
    spec = os.path.join(work, "spec.toml")
    with open(spec, "w") as file:
        file.write(f'task = "recommend"\n[data]\npath = "{options.data}"\nmin_rating = {options.min_rating}\nmin_user_ratings = 5\n'
                   f"binarise = true\n[evaluate]\nheldout = {options.heldout}\n")
        for model in models:
            file.write(f'[[models]]\ntype = "{model}"\n' + "".join(f"{key} = {value!r}\n" for key, value in KEYS[model].items()))
    answer = subprocess.run([options.bascule, "compare", spec, "--data", options.data_dir, "--quiet", "--json", "--threads",
                             str(options.threads)], check=True, stdout=subprocess.PIPE, text=True)
    return {model["type"]: model["metrics"] for model in json.loads(answer.stdout)["models"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bascule", required=True)
    parser.add_argument("--vae-bench", required=True, help="writes the split")
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--min-rating", default="0")
    parser.add_argument("--heldout", type=int, default=600)
    parser.add_argument("--models", default=",".join(KEYS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json")
    options = parser.parse_args()
    models = options.models.split(",")
    result = {}
    print("| model | " + " | ".join(f"{name} Bascule | reference | standard error" for name in NAMES) + " |")
    print("|---|" + "---|" * 9)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as work:
        split = os.path.join(work, "split.safetensors")
        writer = Driver(options.vae_bench, options.data_dir, options.data, options.min_rating, options.heldout, "fp32")
        items = int(writer.ask("dump " + split))
        writer.close()
        arrays = tensors(split)
        train, seen, wanted = (sp.csr_array(matrix(arrays, part, items), dtype=np.float64) for part in ("train", "test_in", "test_out"))
        never = np.asarray(train.sum(0)).ravel() == 0
        ours = of_bascule(options, models, work)
        for model in models:
            rows = measure(REFERENCES[model](train, KEYS[model]), seen, wanted, never)
            assert len(rows) == seen.shape[0]
            means, errors = rows.mean(0), rows.std(0, ddof=1) / np.sqrt(len(rows))
            result[model] = {name: {"bascule": ours[model][name]["value"], "reference": mean, "stderr": error}
                             for name, mean, error in zip(NAMES, means, errors)}
            cells = [f"{one['bascule']:.4f} | {one['reference']:.4f} | {one['stderr']:.4f}" for one in result[model].values()]
            print(f"| {model} | {' | '.join(cells)} |", flush=True)
        result = {"data": options.data, "train users": train.shape[0], "test users": seen.shape[0], "items": items,
                  "interactions of training": int(train.nnz), "models": result}
    if options.json:
        with open(options.json, "w") as out:
            json.dump(result, out, indent=1)


if __name__ == "__main__":
    main()
