"""Matrices for the neighbour benchmark: items x users as scipy CSR, float32."""
import lzma
import os

import numpy as np
import pandas as pd
import scipy.sparse as sp


def _find(folder, name):
    if os.path.isfile(folder):
        return folder
    for root in (folder, os.path.join(folder, "layout")):
        for path in (os.path.join(root, name), os.path.join(root, name + ".xz")):
            if os.path.exists(path):
                return path
    raise SystemExit(f"{name} is not in {folder}")


def bookcrossing(folder):
    """Of a folder or a file in that layout: ratings above 5 of the books with more than two of them."""
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


def pairs(path):
    """A made file of user,item,...; binary."""
    users, items = pd.read_csv(path, usecols=[0, 1]).to_numpy(np.int64).T
    users, items = pd.factorize(users)[0], pd.factorize(items)[0]
    return sp.csr_matrix((np.ones(len(users), np.float32), (items, users)))
