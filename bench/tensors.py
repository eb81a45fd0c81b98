"""The arrays of a safetensors file, mapped."""
import json
import struct

import numpy as np

TYPES = {"F32": np.float32, "I32": np.int32, "I64": np.int64}


def tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        start = file.tell()
    out = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            dtype = np.dtype(TYPES[entry["dtype"]])
            out[name] = np.memmap(path, dtype, "r", start + begin, ((end - begin) // dtype.itemsize,)).reshape(entry["shape"])
    return out
