#!/usr/bin/env python3
"""Writes the pickles that pickle_test.cpp reads: pickle_numpyN_pP.pkl with N the major version of
NumPy and P the protocol. Run once with NumPy 1 and once with NumPy 2."""
import pickle
from pathlib import Path

import numpy

major = numpy.__version__.split(".")[0]
for protocol in range(2, 6):
    batch = {
        "data": numpy.array([i * 11 % 256 for i in range(24)], dtype=numpy.uint8).reshape(2, 12),
        "labels": [7, 300],
        "wide": numpy.array([-5, 70000], dtype=numpy.int64),
        "big": numpy.array([1.5, -2.0], dtype=">f4"),
        "fortran": numpy.asfortranarray(numpy.array([[1, 2], [3, 4]], dtype=numpy.int16)),
        "name": "caf\xe9",
        "ratio": 0.25,
        "flag": True,
        "nothing": None,
        "huge": 2**40,
        "negative": -(2**35),
        "pair": (1, "x"),
    }
    path = Path(__file__).parent / f"pickle_numpy{major}_p{protocol}.pkl"
    path.write_bytes(pickle.dumps(batch, protocol=protocol))
