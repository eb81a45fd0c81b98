"""Matrices for the neighbour benchmark: items x users as scipy CSR, float32."""
import lzma
import os

import numpy as np
import pandas as pd
import scipy.sparse as sp


def _find(folder, name):
    for root in (folder, os.path.join(folder, "layout")):
        for path in (os.path.join(root, name), os.path.join(root, name + ".xz")):
            if os.path.exists(path):
                return path
    raise SystemExit(f"{name} is not in {folder}")


def bookcrossing(folder):
    """Ratings above 5 of the books with more than two of them."""
    path = _find(folder, "BX-Book-Ratings.csv")
    ratings = pd.read_csv(path, sep=";", encoding="latin-1", dtype={1: str})
    ratings.columns = ["user", "item", "rating"]
    ratings = ratings[ratings.rating > 5]
    ratings = ratings[ratings.groupby("item").rating.transform("count") > 2]
    users, items = pd.factorize(ratings.user)[0], pd.factorize(ratings.item)[0]
    return sp.csr_matrix((ratings.rating.to_numpy(np.float32), (items, users)))


def gowalla(folder):
    """All check-ins, binary: train and test lists merged."""
    users, items = [], []
    for name in ("train.txt", "test.txt"):
        path = _find(folder, name)
        with (lzma.open if path.endswith(".xz") else open)(path, "rt") as lines:
            for line in lines:
                user, *places = map(int, line.split())
                users += [user] * len(places)
                items += places
    return sp.csr_matrix((np.ones(len(users), np.float32), (items, users)))


def synthetic(items=25159, users=50180, nonzeros=207073, seed=7):
    """Full BookCrossing's size: power laws on both sides, one user with about 3,400 ratings."""
    random = np.random.default_rng(seed)
    item_weight = (np.arange(items) + 30.0) ** -0.8
    user_weight = (np.arange(users) + 2.0) ** -0.9
    item_cdf, user_cdf = (np.cumsum(w) / w.sum() for w in (item_weight, user_weight))
    keys = np.repeat(np.arange(items), 3) * users + random.integers(0, users, 3 * items)
    keys = np.concatenate([keys, np.searchsorted(item_cdf, random.random(users)) * users + np.arange(users)])
    keys = np.unique(keys)
    while len(keys) < nonzeros:
        more = nonzeros - len(keys)
        drawn = np.searchsorted(item_cdf, random.random(more)) * users
        keys = np.unique(np.concatenate([keys, drawn + np.searchsorted(user_cdf, random.random(more))]))
    values = random.integers(6, 11, nonzeros).astype(np.float32)
    return sp.csr_matrix((values, (keys // users, keys % users)), shape=(items, users))
