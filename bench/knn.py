"""Neighbour search against its peers, alternating in one run, answers compared.

  python bench/knn.py --driver build/bench/knn_bench --data $BASCULE_DATA [--json out.json]

Peers: pip install -r bench/requirements.txt. Prints a Markdown table."""
import argparse
import json
import os
import statistics
import tempfile
import time

import numpy as np

import driver
import knn_data
import knn_peers


# Between timings: an OpenMP library's threads go on spinning for a while after a call, on the cores that
# the next one needs.
REST = 0.3


class Ours(driver.Driver):
    """bench/knn_bench.cpp."""

    def __init__(self, program, matrix, folder):
        super().__init__(program)
        self.folder, self.items = folder, matrix.shape[0]
        users = matrix.T.tocsr()
        users.sort_indices()
        path = os.path.join(folder, "matrix.bin")
        with open(path, "wb") as out:
            np.array([*users.shape, users.nnz], np.int64).tofile(out)
            users.indptr.astype(np.int64).tofile(out)
            users.indices.astype(np.int32).tofile(out)
            users.data.astype(np.float32).tofile(out)
        self.ask(f"load {path}")

    def lists(self, k, threads):
        path = os.path.join(self.folder, "lists.bin")
        self.ask(f"save {k} {threads} {path}")
        ids = np.fromfile(path, np.int32, self.items * k).reshape(-1, k)
        scores = np.fromfile(path, np.float32, offset=ids.nbytes).reshape(-1, k)
        return ids, scores


def check(ours, peer, k, tolerance=1e-6):
    """Items whose list differs from the peer's (k + 1 with the item itself) beyond ties."""
    ids, scores = ours
    wrong_scores = wrong_ids = 0
    for item in range(len(ids)):
        row = slice(peer.indptr[item], peer.indptr[item + 1])
        columns, values = peer.indices[row], peer.data[row]
        keep = (columns != item) & (values > 1e-12)
        order = np.argsort(-values[keep], kind="stable")[:k]
        columns, values = columns[keep][order], values[keep][order]
        mine, mine_scores = ids[item][ids[item] >= 0], scores[item][ids[item] >= 0]
        if len(mine) != len(columns) or np.any(np.abs(mine_scores - values) > tolerance):
            wrong_scores += 1
            continue
        # Where the last score is shared, which of its holders are listed is the peer's choice.
        sure = values > (values[-1] + 2 * tolerance if len(values) == k else -1) if len(values) else []
        wrong_ids += bool(set(columns[sure]) ^ set(mine[sure])) if len(values) else 0
    return wrong_scores, wrong_ids


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def all_items(name, matrix, ours, options):
    k, threads = options.k, options.threads
    peers = {"implicit": knn_peers.Implicit(matrix, threads), "sparse_dot_topn": knn_peers.SparseDotTopn(matrix, threads)}
    wrong = {}
    mine = ours.lists(k, threads)
    for peer, side in peers.items():
        wrong[peer] = check(mine, side.search(k + 1).tocsr(), k)
    seconds = {}
    def note(key, value):
        seconds.setdefault(key, []).append(value)
        time.sleep(REST)
    for _ in range(options.repeats):
        build, search = ours.numbers(f"all {k} {threads}")
        note("bascule", build + search)
        note("bascule search", search)
        for peer, side in peers.items():
            note(peer, timed(lambda: side.whole(k)))
            note(f"{peer} search", timed(lambda: side.search(k)))
    result = {key: statistics.median(values) for key, values in seconds.items()}
    result["best"] = {key: min(values) for key, values in seconds.items()}
    result["ratio"] = min(result[p] for p in peers) / result["bascule"]
    result["ratio search"] = min(result[f"{p} search"] for p in peers) / result["bascule search"]
    result["ratio of best"] = min(result["best"][p] for p in peers) / result["best"]["bascule"]
    result["differing items (scores, ids)"] = wrong
    if options.sklearn:
        result["sklearn"] = timed(lambda: knn_peers.SklearnQuery(matrix, threads).whole(k))
    return {"data": name, "shape": [*matrix.shape, matrix.nnz], "all": result}


def queries(matrix, ours, options):
    k, random = 10, np.random.default_rng(3)
    raters = np.diff(matrix.indptr)
    items = random.choice(len(raters), options.queries, p=raters / raters.sum())
    per_user = np.diff(matrix.tocsc().indptr)
    additions = np.add.reduceat(per_user[matrix.indices], matrix.indptr[:-1])
    near = np.flatnonzero((raters >= 280) & (raters <= 320))
    demanding = int(near[np.argmin(np.abs(additions[near] - 12000))]) if len(near) else int(raters.argmax())
    items = [demanding, *map(int, items)]
    scipy_side, sklearn_side = knn_peers.SciPyQuery(matrix), knn_peers.SklearnQuery(matrix)
    mine, scipy_seconds, sklearn_seconds = [], [], []
    for item in items:  # alternating, item by item
        mine.append(ours.numbers(f"query {k} 101 {item}")[0])
        scipy_seconds.append(statistics.median(timed(lambda: scipy_side.query(item, k)) for _ in range(3)))
        sklearn_seconds.append(timed(lambda: sklearn_side.query(item, k)))
    median = [statistics.median(s[1:]) for s in (mine, scipy_seconds, sklearn_seconds)]
    return {"median µs": median[0] * 1e6, "demanding µs": mine[0] * 1e6,
            "demanding raters, additions": [int(raters[demanding]), int(additions[demanding])],
            "scipy µs": median[1] * 1e6, "sklearn µs": median[2] * 1e6,
            "ratio scipy": median[1] / median[0], "ratio sklearn": median[2] / median[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True, help="the knn_bench program")
    parser.add_argument("--data", default=os.environ.get("BASCULE_DATA"), help="folder with bookcrossing/ and gowalla/")
    parser.add_argument("--synthetic", help="a made file in BookCrossing's layout")
    parser.add_argument("--pairs", help="a made file of user,item,...: the set named pairs")
    parser.add_argument("--sets", default="bookcrossing,synthetic,gowalla")
    parser.add_argument("--k", type=int, default=10, help="neighbours of every item")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--sklearn", action="store_true", help="scikit-learn's all-items search too, once (slow)")
    parser.add_argument("--json")
    options = parser.parse_args()
    makers = {"bookcrossing": lambda: knn_data.bookcrossing(os.path.join(options.data, "bookcrossing")),
              "gowalla": lambda: knn_data.gowalla(os.path.join(options.data, "gowalla")),
              "synthetic": lambda: knn_data.bookcrossing(options.synthetic),
              "pairs": lambda: knn_data.pairs(options.pairs)}
    results = []
    for name in options.sets.split(","):
        matrix = makers[name]()
        with tempfile.TemporaryDirectory() as folder:
            ours = Ours(options.driver, matrix, folder)
            result = all_items(name, matrix, ours, options)
            if name not in ("gowalla", "pairs"):
                result["query"] = queries(matrix, ours, options)
            ours.close()
        results.append(result)
    print("Milliseconds, index or normalisation included; the search alone in brackets. Ratios are to the faster peer.\n"
          "Differing: items whose scores or neighbours differ from the peer's by more than 1e-6, outside ties.\n")
    peers = ("implicit", "sparse_dot_topn")
    print("| data (items × users, ratings) | bascule | " + " | ".join(peers) + " | ratio | differing from " + ", ".join(peers) + " |"
          " scikit-learn, once |\n|---|---|---|---|---|---|---|")
    for result in results:
        a = result["all"]
        cells = [f"{a[p] * 1e3:.1f} ({a[p + ' search'] * 1e3:.1f})" for p in ("bascule", *peers)]
        wrong = ", ".join(str(max(a["differing items (scores, ids)"][p])) for p in peers)
        sklearn = f"{a['sklearn']:.1f} s: {a['sklearn'] / a['bascule']:.0f}×" if "sklearn" in a else ""
        items, users, ratings = result["shape"]
        print(f"| {result['data']} ({items} × {users}, {ratings}) | {' | '.join(cells)} | {a['ratio']:.2f} "
              f"({a['ratio search']:.2f}) | {wrong} | {sklearn} |")
    print("\n| one query, 1 thread | bascule, popularity-weighted items | SciPy | scikit-learn | bascule, the most demanding |\n"
          "|---|---|---|---|---|")
    for result in results:
        if "query" not in result:
            continue
        q = result["query"]
        raters, additions = q["demanding raters, additions"]
        print(f"| {result['data']} | {q['median µs']:.1f} µs | {q['scipy µs']:.0f} µs: {q['ratio scipy']:.0f}× | "
              f"{q['sklearn µs']:.0f} µs: {q['ratio sklearn']:.0f}× | {q['demanding µs']:.1f} µs ({raters} raters, {additions} additions) |")
    if options.json:
        with open(options.json, "w") as out:
            json.dump(results, out, indent=1)


if __name__ == "__main__":
    main()
