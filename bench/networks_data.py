"""The networks that are timed, and their data as .npy files that every side reads."""
import gzip
import lzma
import os
from dataclasses import dataclass

import numpy as np


STATES = {"sgd": 0, "nesterov": 1, "adam": 2}
UPDATE_FLOPS = {"sgd": 4, "nesterov": 8, "adam": 14}  # a weight


@dataclass
class Workload:
    """A network of dense layers, relu between them and softmax cross-entropy at the end."""
    name: str
    data: str            # cifar-grey, cifar or fashion
    hidden: list
    batch: int
    optimizer: str       # nesterov (momentum .9), sgd or adam
    lr: float
    train: int           # samples of an epoch
    valid: int = 0       # samples validated after it
    shuffle: bool = True

    @property
    def inputs(self):
        return {"cifar-grey": 1024, "cifar": 3072, "fashion": 784}[self.data]

    @property
    def widths(self):
        return [self.inputs, *self.hidden, 10]

    def flops(self):
        """Of one epoch: products only; the first layer has no input gradient."""
        forward = [2 * a * b for a, b in zip(self.widths, self.widths[1:])]
        return self.train * (3 * sum(forward) - forward[0]) + self.valid * sum(forward)

    def mebibytes(self):
        """Of the weights and the optimizer's states."""
        return sum(a * b for a, b in zip(self.widths, self.widths[1:])) * (1 + STATES[self.optimizer]) * 4 / 2**20

    def limit(self, peak, bandwidth):
        """Seconds of an epoch on a machine that does `peak` FLOP/s and moves `bandwidth` bytes/s, and how many of them
        are of products that memory binds. The weights are read by every product; the last one also reads and writes
        the states, and does the optimizer's arithmetic (FLOPs as `bascule summary` counts them)."""
        seconds = {True: 0, False: 0}

        def add(flops, moved, times):
            bound = moved / bandwidth > flops / peak
            seconds[bound] += max(flops / peak, moved / bandwidth) * times

        for layer, weights in enumerate(a * b for a, b in zip(self.widths, self.widths[1:])):
            product = 2 * weights * self.batch
            steps = self.train / self.batch
            add(product, 4 * weights, steps + self.valid / self.batch)
            if layer > 0:
                add(product, 4 * weights, steps)
            add(product + UPDATE_FLOPS[self.optimizer] * weights, 8 * (1 + STATES[self.optimizer]) * weights, steps)
        return sum(seconds.values()), seconds[True]


NAMED = {
    "C1": Workload("C1", "cifar-grey", [100], 128, "nesterov", 0.01, 40000, 10000, shuffle=False),
    "C3": Workload("C3", "cifar", [3000, 1000], 32, "sgd", 0.01, 50000),
    "C4": Workload("C4", "fashion", [500] * 5, 32, "adam", 0.001, 60000),
}


def variant(name, random):
    """The same kind of network with other widths, depths and batches, so that nothing is tuned to three shapes."""
    base = NAMED[name]
    def scale(width):
        return int(np.clip(width * 2.0 ** random.uniform(-1, 1), 16, 4000))
    hidden = [scale(width) for width in base.hidden]
    batch = int(random.choice([16, 24, 32, 48, 64, 100, 128, 200, 256]))
    return Workload(f"{name}: {'-'.join(map(str, hidden))}, batch {batch}", base.data, hidden, batch, base.optimizer,
                    base.lr, base.train, base.valid, base.shuffle)


def _open(path):
    for ending, opener in (("", open), (".xz", lzma.open), (".gz", gzip.open)):
        if os.path.exists(path + ending):
            with opener(path + ending, "rb") as file:
                return np.frombuffer(file.read(), np.uint8)
    raise SystemExit(f"{path} is missing")


def arrays(data, root):
    """Pixels as bytes [samples, features] and labels: training, then test."""
    if data == "fashion":
        parts = []
        for part in ("train", "t10k"):
            pixels = _open(os.path.join(root, "fashion-mnist", f"{part}-images-idx3-ubyte"))[16:].reshape(-1, 784)
            parts.append((pixels, _open(os.path.join(root, "fashion-mnist", f"{part}-labels-idx1-ubyte"))[8:]))
        return parts
    files = [f"data_batch_{i}.bin" for i in range(1, 6)], ["test_batch.bin"]
    parts = []
    for names in files:
        records = np.concatenate([_open(os.path.join(root, "cifar-10", name)).reshape(-1, 3073) for name in names])
        pixels = records[:, 1:]
        if data == "cifar-grey":
            red, green, blue = pixels.reshape(-1, 3, 1024).astype(np.float32).transpose(1, 0, 2)
            pixels = np.rint(.299 * red + .587 * green + .114 * blue).astype(np.uint8)
        parts.append((pixels, records[:, 0]))
    return parts


def folder(workload, root, work):
    """Writes x_train.npy, y_train.npy, x_test.npy, y_test.npy once; returns where."""
    path = os.path.join(work, f"{workload.data}-{workload.train + workload.valid}")
    if not os.path.exists(os.path.join(path, "y_test.npy")):
        os.makedirs(path, exist_ok=True)
        (x, y), (x_test, y_test) = arrays(workload.data, root)
        count = workload.train + workload.valid
        for name, array in (("x_train", x[:count]), ("y_train", y[:count]), ("x_test", x_test), ("y_test", y_test)):
            np.save(os.path.join(path, name + ".npy"), np.ascontiguousarray(array))
    return path


def load(workload, path):
    """What a peer trains on: floats in [0, 1] (C1: [-.5, .5]) and labels, training and validation."""
    x = np.load(os.path.join(path, "x_train.npy")).astype(np.float32) / 255
    if workload.data == "cifar-grey":
        x -= 0.5
    y = np.load(os.path.join(path, "y_train.npy")).astype(np.int64)
    n = workload.train
    return (x[:n], y[:n]), (x[n:], y[n:])
