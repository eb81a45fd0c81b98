#!/usr/bin/env python3
"""Judge of SLIM: the weights that scikit-learn's ElasticNet finds, item by item.

ElasticNet divides the sum of squares by twice the number of users, so that SLIM's l1 is
users · alpha · l1_ratio and its l2 users · alpha · (1 − l1_ratio). Writes elastic_net_golden.json
beside itself.
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import ElasticNet

USERS, ITEMS = 80, 24
PROBLEMS = [{"l1": 0.5, "l2": 4.0}, {"l1": 3.0, "l2": 0.25}, {"l1": 1.0, "l2": 50.0}]


def interactions():
    """Ratings in halves; two groups of users who like different items, and an item that nobody has."""
    random = np.random.default_rng(21)
    liking = np.where((np.arange(USERS)[:, None] + np.arange(ITEMS)) % 2, .45, .12)
    x = np.where(random.random((USERS, ITEMS)) < liking, random.integers(1, 11, (USERS, ITEMS)) / 2, 0)
    x[:, -1] = 0
    return x


def weights(x, l1, l2):
    found = np.zeros((ITEMS, ITEMS))
    for item in range(ITEMS):
        others = x.copy()
        others[:, item] = 0
        model = ElasticNet(alpha=(l1 + l2) / USERS, l1_ratio=l1 / (l1 + l2), positive=True,
                           fit_intercept=False, tol=1e-12, max_iter=1_000_000)
        found[:, item] = model.fit(others, x[:, item]).coef_
    return found


def main():
    x = interactions()
    golden = {"sklearn": sklearn.__version__, "numpy": np.__version__, "interactions": x.tolist(),
              "problems": [{**problem, "weights": np.round(weights(x, **problem), 9).tolist()} for problem in PROBLEMS]}
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
