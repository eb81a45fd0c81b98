#!/usr/bin/env python3
"""Judge of the ranking metrics: random lists and what NumPy makes of them.

Written from the definitions over sets of items, not over relevances in rank order as the C++ code
is. Writes metrics_golden.json beside itself. Where scikit-learn is installed its ndcg_score judges
ndcg@K too.
"""
import json
import pathlib

import numpy as np

ITEMS, USERS, TRAIN_USERS = 60, 32, 500
KS = [1, 3, 5, 10, 20]


def gain(grade):
    return 2.0**grade - 1.0


def dcg(items, grades):
    return sum(gain(grades.get(item, 0)) / np.log2(rank + 1) for rank, item in enumerate(items, 1))


def user_metrics(recommended, grades, k):
    cut = recommended[:k]
    relevant = set(grades)
    found = relevant & set(cut)
    best = sorted(grades, key=grades.get, reverse=True)
    precisions = [len(relevant & set(recommended[:r])) / r
                  for r in range(1, len(cut) + 1) if recommended[r - 1] in relevant]
    ranks = [rank for rank, item in enumerate(cut, 1) if item in relevant]
    return {
        "recall": len(found) / min(k, len(relevant)),
        "precision": len(found) / k,
        "hit_rate": float(bool(found)),
        "mrr": 1 / min(ranks) if ranks else 0.0,
        "map": sum(precisions) / min(k, len(relevant)),
        "ap_k": sum(precisions) / k,
        "ndcg": dcg(cut, grades) / dcg(best[:k], grades),
        "ndcg_full": dcg(cut, grades) / dcg(best, grades),
    }


def novelty(recommended, counts, k):
    cut = recommended[:k]
    if not cut:
        return None
    return float(np.mean([-np.log2(max(counts[item], 1) / TRAIN_USERS) for item in cut]))


def check_with_sklearn(cases):
    try:
        from sklearn.metrics import ndcg_score
    except ImportError:
        return 0
    checked = 0
    for case in cases:
        if len(case["recommended"]) < ITEMS:
            continue  # ndcg_score wants a score for every item
        scores = np.zeros((1, ITEMS))
        scores[0, case["recommended"]] = np.arange(ITEMS, 0, -1)
        truth = np.zeros((1, ITEMS))
        for item, grade in case["targets"]:
            truth[0, item] = gain(grade)
        for k in KS:
            np.testing.assert_allclose(case["expected"][f"ndcg@{k}"],
                                       ndcg_score(truth, scores, k=k), rtol=1e-12)
            checked += 1
    return checked


def make_set(rng, graded):
    counts = np.minimum(rng.zipf(1.4, ITEMS), TRAIN_USERS)
    counts[rng.integers(ITEMS)] = 0
    cases = []
    for _ in range(USERS):
        # Whole rankings, and lists shorter than the largest K, down to empty ones.
        length = int(rng.choice([ITEMS, ITEMS, 20, 7, 2, 0]))
        recommended = rng.permutation(ITEMS)[:length].tolist()
        targets = rng.choice(ITEMS, size=int(rng.choice([1, 2, 5, 15, 40])), replace=False)
        grades = {int(i): float(rng.integers(1, 11)) if graded else 1.0 for i in sorted(targets)}
        expected = {}
        for k in KS:
            for name, value in user_metrics(recommended, grades, k).items():
                expected[f"{name}@{k}"] = value
            expected[f"novelty@{k}"] = novelty(recommended, counts, k)
        cases.append({"recommended": recommended, "targets": sorted(grades.items()),
                      "expected": expected})
    summary = {}
    for name in cases[0]["expected"]:
        values = [c["expected"][name] for c in cases if c["expected"][name] is not None]
        summary[name] = {"value": float(np.mean(values)),
                         "stderr": float(np.std(values, ddof=1) / np.sqrt(len(values)))}
    for k in KS:
        shown = {item for c in cases for item in c["recommended"][:k]}
        summary[f"coverage@{k}"] = {"value": len(shown) / ITEMS, "stderr": None}
    print(f"graded={graded}: {check_with_sklearn(cases)} values agree with scikit-learn")
    return {"graded": graded, "items": ITEMS, "train_users": TRAIN_USERS,
            "counts": counts.tolist(), "k": KS, "cases": cases, "summary": summary}


def main():
    rng = np.random.default_rng(20240229)
    sets = [make_set(rng, graded) for graded in (False, True)]
    path = pathlib.Path(__file__).with_suffix(".json")
    # One line per case, so that a change of one shows as one.
    path.write_text(json.dumps(sets, separators=(",", ":")).replace('{"recommended"',
                                                                   '\n{"recommended"') + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
