"""The same seed gives the same bits, and no stop or kill loses or changes anything."""
import json
import os
import random
import signal
import struct
import subprocess
import time

import numpy
import pytest

from conftest import PROGRAM, network, ok, real, weights


def metrics_of(folder):
    """What the history says, but for the seconds."""
    return [(line["epoch"], line["metrics"])
            for line in map(json.loads, (folder / "history.jsonl").read_text().splitlines())]


def test_same_seed_same_bits(blobs, blobs_run, tmp_path):
    for name, more in (("again", []), ("third", []), ("one", ["--threads", 1]), ("two", ["--threads", 2])):
        ok("fit", blobs / "spec.toml", "--out", tmp_path / name, "--quiet", *more)
        assert weights(tmp_path / name) == weights(blobs_run[0]), name
        assert metrics_of(tmp_path / name) == metrics_of(blobs_run[0]), name
    ok("fit", blobs / "spec.toml", "--out", tmp_path / "other", "--quiet", "--seed", 2)
    assert weights(tmp_path / "other") != weights(blobs_run[0])


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam"])
def test_same_bits_where_threads_share_the_work(tmp_path, optimizer):
    """Layers so wide that their products are cut into several chunks; the last batch is a short one."""
    draw = numpy.random.default_rng(3)
    numpy.save(tmp_path / "x_train.npy", draw.standard_normal((450, 300), numpy.float32))
    numpy.save(tmp_path / "y_train.npy", draw.integers(0, 3, 450))
    (tmp_path / "spec.toml").write_text(network(tmp_path, train="epochs = 3"))

    def fitted(name, *more):
        ok("fit", tmp_path / "spec.toml", "--out", tmp_path / name, "--quiet", "--set", "model.layers[0].units=700",
           "--set", f"train.optimizer={optimizer}", "--set", "train.batch_size=64", *more)
        return weights(tmp_path / name)

    first = fitted("first")
    assert all(fitted(name) == first for name in ("second", "third"))
    assert all(fitted(f"threads{n}", "--threads", n) == first for n in (1, 2, 3, 5))
    for epochs in (1, 2):  # stopped on one thread, resumed on two
        fitted(f"resumed{epochs}", "--threads", 1, "--set", f"train.epochs={epochs}")
        assert fitted(f"resumed{epochs}", "--threads", 2, "--resume") == first


@pytest.mark.parametrize("stop", range(1, 12))
def test_resumed_equals_uninterrupted(blobs, blobs_run, tmp_path, stop):
    ok("fit", blobs / "spec.toml", "--out", tmp_path / "run", "--quiet", "--set", f"train.epochs={stop}")
    ok("fit", blobs / "spec.toml", "--out", tmp_path / "run", "--quiet", "--resume")
    assert weights(tmp_path / "run") == weights(blobs_run[0])
    assert metrics_of(tmp_path / "run") == metrics_of(blobs_run[0])


def long_fit(spec, out, *more):
    return subprocess.Popen([PROGRAM, "fit", str(spec), "--out", str(out), "--quiet",
                             "--set", "train.epochs=400", "--set", "train.checkpoint_seconds=0", *more],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until(condition, process):
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.001)


def test_ctrl_c_loses_nothing(blobs, tmp_path):
    fit = long_fit(blobs / "spec.toml", tmp_path / "run")
    wait_until((tmp_path / "run" / "checkpoints" / "last.safetensors").exists, fit)
    fit.send_signal(signal.SIGINT)
    assert fit.wait(60) == 130
    ok("fit", blobs / "spec.toml", "--out", tmp_path / "run", "--quiet", "--resume", "--set", "train.epochs=400",
       "--set", "train.checkpoint_seconds=0")
    ok("fit", blobs / "spec.toml", "--out", tmp_path / "whole", "--quiet", "--set", "train.epochs=400",
       "--set", "train.checkpoint_seconds=0")
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")


def checkpoint_epoch(path):
    """The epoch of a checkpoint that is whole."""
    data = path.read_bytes()
    length = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + length])
    state = json.loads(header.pop("__metadata__")["training_state"])
    assert len(data) == 8 + length + max(tensor["data_offsets"][1] for tensor in header.values())
    return state["epoch"]


def test_kill_at_any_moment_keeps_a_checkpoint(tmp_path):
    """A fit is killed while it writes a checkpoint, at a random moment of that or just after, and resumed, again and
    again. BASCULE_KILLS: how many times; the long checks take 200."""
    kills, draw = int(os.environ.get("BASCULE_KILLS", "6")), random.Random(9)
    rows = "".join(f"{i},{i % 4},{i % 3},{'xyz'[i % 3]}\n" for i in range(12))
    (tmp_path / "rows.csv").write_text("a,b,c,kind\n" + rows)
    spec, out = tmp_path / "spec.toml", tmp_path / "run"
    spec.write_text(network(tmp_path / "rows.csv", data="valid_fraction = 0.0").replace("units = 16", "units = 100000"))
    last = out / "checkpoints" / "last.safetensors"

    def seen():
        return (last.stat().st_ino, last.stat().st_mtime_ns) if last.exists() else None

    def half_written():
        return list(last.parent.glob(".bascule-*"))

    epoch = halfway = 0
    for _ in range(kills):
        before = seen()
        fit = long_fit(spec, out, "--resume", "--set", "train.epochs=1000000")
        wait_until(lambda: seen() != before, fit)
        assert all(path.name.startswith(f".bascule-{fit.pid}-") for path in half_written())  # those of the dead are gone
        wait_until(half_written, fit)
        time.sleep(draw.uniform(0, 0.03))
        fit.kill()
        fit.wait()
        halfway += bool(half_written())
        reached = checkpoint_epoch(last)
        assert reached > epoch
        epoch = reached
    ends = ["--set", f"train.epochs={epoch + 5}"]
    ok("fit", spec, "--out", out, "--quiet", "--resume", *ends)
    assert not half_written()
    ok("fit", spec, "--out", tmp_path / "whole", "--quiet", *ends)
    assert weights(out) == weights(tmp_path / "whole")
    print(f"\n{kills} kills, {halfway} of them with a checkpoint half written: the one before was whole each time, and "
          f"the model of epoch {epoch + 5} equals that of an uninterrupted fit to the bit")
    assert kills < 50 or halfway > kills / 4


def test_same_bits_on_real_data(tmp_path):
    real("fashion-mnist")
    models = []
    for number, threads in enumerate((1, 2, 2)):
        ok("fit", "fashion-mlp", "--out", tmp_path / str(number), "--quiet", "--threads", threads,
           "--set", "model.layers[0].repeat=2", "--set", "train.batch_size=256", "--set", "train.epochs=1", timeout=300)
        models.append(weights(tmp_path / str(number)))
    assert models[0] == models[1] == models[2]
