"""Files that are cut, lie about their sizes or want to be run: each is refused with its exit code and by its name. The
readers' own tests have more cases; these go through the command line."""
import json
import pickle
import struct

import numpy
import pytest

from conftest import ok, refused

SPEC = """task = "classify"
[data]
path = "{path}"
[[model.layers]]
type = "dense"
units = 3
activation = "softmax"
[train]
epochs = 1
"""


def idx(extents, data, kind=8):
    return struct.pack(f">BBBB{len(extents)}I", 0, 0, kind, len(extents), *extents) + data


def npy(array_or_shape, data=b"", descr="|u1"):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {array_or_shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


class Call:
    """Calls a function when it is unpickled by Python."""

    def __reduce__(self):
        return print, ("called",)


RECORDS = b"".join(bytes([label]) + bytes(3072) for label in (0, 1, 2)) * 2
LABELS = npy((6,), bytes([0, 1, 2, 0, 1, 2]))
IDX_LABELS = idx([6], bytes([0, 1, 2, 0, 1, 2]))
BATCH = {b"labels": [0, 1, 2], b"data": numpy.zeros((3, 3072), numpy.uint8)}
# The files of a set, the file that the refusal must name, and what it must say of it.
HOSTILE = {
    "idx cut": ({"train-images-idx3-ubyte": idx([6, 2, 2], bytes(23)), "train-labels-idx1-ubyte": IDX_LABELS},
                "train-images-idx3-ubyte", "needs 24"),
    "idx cut in its sizes": ({"train-images-idx3-ubyte": idx([6, 2, 2], b"")[:9], "train-labels-idx1-ubyte": IDX_LABELS},
                             "train-images-idx3-ubyte", "ends in its sizes"),
    "idx of 2^96 pixels": ({"train-images-idx3-ubyte": idx([2**32 - 1] * 3, bytes(24)),
                            "train-labels-idx1-ubyte": IDX_LABELS}, "train-images-idx3-ubyte", "too large"),
    "idx of 4 GB": ({"train-images-idx3-ubyte": idx([2**32 - 1, 1, 1], bytes(24)), "train-labels-idx1-ubyte": IDX_LABELS},
                    "train-images-idx3-ubyte", "needs 4294967295"),
    "idx with too many labels": ({"train-images-idx3-ubyte": idx([6, 2, 2], bytes(24)),
                                  "train-labels-idx1-ubyte": idx([7], bytes(7))}, "train-labels-idx1-ubyte", "7 labels"),
    "cifar cut": ({"data_batch_1.bin": RECORDS[:-1]}, "data_batch_1.bin", "whole records"),
    "cifar of nothing": ({"data_batch_1.bin": b""}, "data_batch_1.bin", "whole records"),
    "cifar with a false label": ({"data_batch_1.bin": RECORDS + b"\x0a" + bytes(3072)}, "data_batch_1.bin", "label 10"),
    "npy cut": ({"x_train.npy": npy((6, 4), bytes(23)), "y_train.npy": LABELS}, "x_train.npy", "needs 24"),
    "npy cut in its header": ({"x_train.npy": npy((6, 4), b"")[:40], "y_train.npy": LABELS}, "x_train.npy", "header"),
    "npy of 2^64 bytes": ({"x_train.npy": npy((2**62, 4), bytes(24)), "y_train.npy": LABELS}, "x_train.npy", "too large"),
    "npy of doubles, 2^64 bytes": ({"x_train.npy": npy((2**61, 1), bytes(24), "<f8"), "y_train.npy": LABELS},
                                   "x_train.npy", "more than 2^63"),
    "npy of a negative size": ({"x_train.npy": npy((-6, 4), bytes(24)), "y_train.npy": LABELS}, "x_train.npy", "header"),
    "npy of objects": ({"x_train.npy": npy((6, 4), pickle.dumps(Call()), "|O"), "y_train.npy": LABELS},
                       "x_train.npy", "header"),
    "npy with infinite numbers": ({"x_train.npy": npy((6, 1), numpy.full(6, numpy.inf, "<f4").tobytes(), "<f4"),
                                   "y_train.npy": LABELS}, "x_train.npy", "not finite"),
    "npz cut": ({"set.npz": b"PK\x03\x04" + bytes(20)}, "set.npz", ""),
    "pickle that calls": ({"data_batch_1": pickle.dumps({b"labels": Call(), b"data": BATCH[b"data"]}, 2)},
                          "data_batch_1", "refused"),
    "pickle that calls, protocol 4": ({"data_batch_1": pickle.dumps(Call(), 4)}, "data_batch_1", "refused"),
    "pickle of old": ({"data_batch_1": pickle.dumps(BATCH, 0)}, "data_batch_1", "not a pickle of protocol 2 to 5"),
    "pickle cut": ({"data_batch_1": pickle.dumps(BATCH, 2)[:-1000]}, "data_batch_1", "cut short"),
    "pickle with a false label": ({"data_batch_1": pickle.dumps({**BATCH, b"labels": [0, 1, 2**40]}, 2)},
                                  "data_batch_1", "out of range"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_sets(case, tmp_path):
    files, name, says = HOSTILE[case]
    folder = tmp_path / "set"
    folder.mkdir()
    for file, data in files.items():
        (folder / file).write_bytes(data)
    path = folder / name if name.endswith(".npz") else folder
    (tmp_path / "spec.toml").write_text(SPEC.format(path=path))
    refused(3, "fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet", says=[name, says])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("files, classes", [
    ({"train-images-idx3-ubyte": idx([6, 2, 2], bytes(24)), "train-labels-idx1-ubyte": IDX_LABELS}, 3),
    ({"data_batch_1.bin": RECORDS}, 10),
    ({"x_train.npy": npy((6, 4), bytes(24)), "y_train.npy": LABELS}, 3),
    ({"data_batch_1": pickle.dumps(BATCH, 2)}, 10)], ids=["idx", "cifar", "npy", "pickle"])
def test_the_same_sets_undamaged(files, classes, tmp_path):
    """What the cases above are made from has nothing else that could be refused."""
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    (tmp_path / "spec.toml").write_text(SPEC.format(path=tmp_path))
    ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet", "--set", f"model.layers[0].units={classes}")


@pytest.fixture
def fitted(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "x_train.npy").write_bytes(npy((6, 4), bytes(range(24))))
    (tmp_path / "set" / "y_train.npy").write_bytes(LABELS)
    (tmp_path / "spec.toml").write_text(SPEC.format(path=tmp_path / "set"))
    ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet")
    return tmp_path


@pytest.mark.parametrize("name, data, says", [
    ("new.npy", npy((2, 4), bytes(7)), "needs 8"),
    ("new.npy", npy((2**62, 4), bytes(8)), "too large"),
    ("new-images-idx2-ubyte", idx([2, 4], bytes(7)), "needs 8"),
    ("new-images-idx3-ubyte", idx([2**32 - 1] * 3, bytes(8)), "too large"),
    ("data_batch_1", pickle.dumps(Call(), 2), "refused")])
def test_samples_to_predict(name, data, says, fitted):
    (fitted / name).write_bytes(data)
    refused(3, "predict", fitted / "run", fitted / name, says=[name, says])


def tensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(shape, begin, end):
    return {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}


TENSORS = {
    "empty": b"",
    "header of 2^63": struct.pack("<Q", 2**63),
    "header of 2^64": struct.pack("<Q", 2**64 - 1) + b"{}",
    "header of a terabyte": struct.pack("<Q", 1 << 40) + b"{}",
    "deep arrays": tensors(b"[" * 100000),
    "deep objects": tensors(b"{\"a\":" * 50000),
    "shape of 2^64": tensors({"w": entry([2**62, 4], 0, 16)}, bytes(16)),
    "shape of 2^64 and no bytes": tensors({"w": entry([2**32, 2**32], 0, 0)}),
    "end beyond the file": tensors({"w": entry([4], 0, 2**63)}, bytes(16)),
    "end before the begin": tensors({"w": entry([4], 16, 0)}, bytes(16)),
    "negative begin": tensors({"w": entry([4], -16, 0)}, bytes(16)),
    "cut": tensors({"w": entry([4], 0, 16)}, bytes(15)),
    "bytes left over": tensors({"w": entry([4], 0, 16)}, bytes(17)),
    "overlap": tensors({"v": entry([4], 0, 16), "w": entry([4], 8, 24)}, bytes(24)),
    "no tensors": tensors({})}


@pytest.mark.parametrize("case", TENSORS)
def test_checkpoints_and_models(case, fitted):
    """A model file is weighed against run.json; with that forged too it is refused for what it is."""
    data = TENSORS[case]
    last = fitted / "run" / "checkpoints" / "last.safetensors"
    last.write_bytes(data)
    refused(3, "fit", fitted / "spec.toml", "--out", fitted / "run", "--resume", "--quiet", says="last.safetensors")
    (fitted / "run" / "model.safetensors").write_bytes(data)
    manifest = json.loads((fitted / "run" / "run.json").read_text())
    manifest["files"]["model.safetensors"]["bytes"] = len(data)
    (fitted / "run" / "run.json").write_text(json.dumps(manifest))
    for verb in ("predict", "evaluate"):
        refused(3, verb, fitted / "run", *([fitted / "set"] if verb == "predict" else []), says="model.safetensors")


REPEATED = """[[model.layers]]
type = "residual"
repeat = 1000
layers = [{ type = "residual", repeat = 1000, layers = [{ type = "dense", units = 3 }] }]
"""
WIDE = "units = 100000000\n[[model.layers]]\ntype = \"dense\"\nunits = 100000000"
RESHAPE = "units = 3\n[[model.layers]]\ntype = \"reshape\"\nshape = [1000000000000, 1000000000000]"
# What is replaced in the spec, by what, and what the refusal must say.
SPECS = {
    "units": ("units = 3", "units = 9223372036854775807", "out of range"),
    "units beyond 64 bits": ("units = 3", "units = 9223372036854775808", "64 bits"),
    "weights": ("units = 3", WIDE, "too large"),
    "repeat": ("units = 3", "units = 3\nrepeat = 1000000000", "out of range"),
    "nested repeat": ("[train]", REPEATED + "[train]", "more than 10000 layers"),
    "reshape": ("units = 3", RESHAPE, "reshape"),
    "batch": ("epochs = 1", "batch_size = 1000000000000000000", "out of range"),
    "rate": ("epochs = 1", "optimizer = { type = \"sgd\", lr = nan }", "out of range"),
    "deep key": ("epochs = 1", "a" + ".a" * 300000 + " = 1", "dots"),
    "deep table": ("epochs = 1", "[a" + ".a" * 300000 + "]", "dots"),
    "deep array": ("epochs = 1", "epochs = " + "[" * 300000, "hostile.toml:9"),
    "deep both": ("epochs = 1", "epochs = " + ("[{ a" + ".a" * 60 + " = ") * 2000, "hostile.toml:9"),
    "long": ("epochs = 1", "x = \"" + "a" * 2**21 + "\"", "larger than"),
    "not text": ("epochs = 1", "epochs = \udcff", "utf-8"),
    "cut": ("epochs = 1\n", "epochs = \"1", "hostile.toml:9")}


@pytest.mark.parametrize("case", SPECS)
def test_specs(case, fitted):
    old, new, says = SPECS[case]
    text = SPEC.format(path=fitted / "set").replace(old, new, 1)
    (fitted / "hostile.toml").write_bytes(text.encode(errors="surrogateescape"))
    for verb in (["fit", "--out", fitted / "other"], ["summary"]):
        done = refused(2, verb[0], fitted / "hostile.toml", *verb[1:], says=says)
        assert len(done.err) < 2000
    assert not (fitted / "other").exists()
