"""A raw ratings file to the prepared matrix, against pandas: a fresh process each time, alternating.

  python bench/read.py --driver build/bench/read_bench --file BX-Book-Ratings.csv [--article]

Seconds are of the work alone, without process start and imports; peak memory is of the process."""
import argparse
import json
import re
import statistics
import subprocess
import sys

PEER = r"""
import resource, sys, time
import numpy as np, pandas as pd
from scipy.sparse import csr_matrix
path, route = sys.argv[1:]
start = time.perf_counter()
ratings = pd.read_csv(path, sep=";", on_bad_lines="skip", encoding="latin-1")
ratings.columns = ["user", "item", "rating"]
ratings = ratings[ratings.rating > 5]
ratings = ratings[ratings.groupby("item").rating.transform("count") > 2]
if route == "article":  # in place, where the article copies: the copy needs 20 GB
    table = ratings.pivot(index="item", columns="user", values="rating")
    table.fillna(0, inplace=True)
    matrix = csr_matrix(table.values)
else:
    item, user = pd.Categorical(ratings.item), pd.Categorical(ratings.user)
    matrix = csr_matrix((ratings.rating.to_numpy(np.float32), (item.codes, user.codes)))
seconds = time.perf_counter() - start
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, *matrix.shape, matrix.nnz)
"""


def peer(path, route):
    words = subprocess.check_output([sys.executable, "-c", PEER, path, route], text=True).split()
    return float(words[0]), float(words[1]), tuple(map(int, words[2:]))


def ours(driver, path, threads):
    text = subprocess.check_output([driver, path, "1", str(threads)], text=True)
    users, items, ratings = re.search(r"; (\d+) users x (\d+) items, (\d+) ratings", text).groups()
    seconds = float(re.search(r"together ([\d.]+) ms", text)[1]) / 1e3
    return seconds, float(re.search(r"peak ([\d.]+) MiB", text)[1]), (int(items), int(users), int(ratings))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--file", required=True, help="ratings in BookCrossing's layout")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--article", action="store_true", help="the article's dense pivot too, once (11 GB)")
    parser.add_argument("--json")
    options = parser.parse_args()
    mine, pandas = [], []
    for _ in range(options.repeats):
        mine.append(ours(options.driver, options.file, options.threads))
        pandas.append(peer(options.file, "sane"))
        assert mine[-1][2] == pandas[-1][2], "the matrices differ in size"
    median = lambda runs, column: statistics.median(run[column] for run in runs)
    rows = [("bascule", median(mine, 0), median(mine, 1)),
            ("pandas: read_csv, filter, categories, CSR", median(pandas, 0), median(pandas, 1))]
    if options.article:
        rows.append(("pandas: read_csv, filter, pivot, fillna, csr_matrix", *peer(options.file, "article")[:2]))
    print("| route | seconds | peak MiB | time ratio | memory ratio |\n|---|---|---|---|---|")
    for name, seconds, peak in rows:
        print(f"| {name} | {seconds:.4f} | {peak:.0f} | {seconds / rows[0][1]:.1f} | {peak / rows[0][2]:.2f} |")
    if options.json:
        with open(options.json, "w") as out:
            json.dump([dict(zip(("route", "seconds", "peak_mib"), row)) for row in rows], out, indent=1)


if __name__ == "__main__":
    main()
