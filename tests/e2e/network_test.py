"""Networks from the command line: fit, evaluate, predict, summary, and what may go wrong."""
import json
import os
import random
import signal
import struct
import subprocess
import time
import tomllib

import numpy
import pytest

from conftest import PROGRAM, ok, real, refused, run

LAYERS = """
[[model.layers]]
type = "dense"
units = 16
activation = "relu"
[[model.layers]]
type = "dropout"
rate = 0.1
[[model.layers]]
type = "dense"
units = {outputs}
activation = "{activation}"
"""


def network(path, task="classify", outputs=3, activation="softmax", train="epochs = 12", data=""):
    return (f'task = "{task}"\n[data]\npath = "{path}"\nstandardise = true\n{data}\n'
            + LAYERS.format(outputs=outputs, activation=activation)
            + f'[train]\nbatch_size = 32\noptimizer = {{ type = "adam", lr = 0.01 }}\n{train}\n')


@pytest.fixture(scope="module")
def blobs(tmp_path_factory):
    """Three clouds of points with names, 600 to train on and 150 to test."""
    folder = tmp_path_factory.mktemp("blobs")
    draw = random.Random(5)
    centres = {"ash": (0, 2, -1), "birch": (2, -1, 0), "cedar": (-2, -1, 1)}
    for part, count in (("train", 600), ("test", 150)):
        lines = ["a,b,c,kind"]
        for _ in range(count):
            kind = draw.choice(sorted(centres))
            lines.append(",".join(f"{draw.gauss(x, .7):.4f}" for x in centres[kind]) + "," + kind)
        (folder / f"{part}.csv").write_text("\n".join(lines) + "\n")
    (folder / "spec.toml").write_text(network(folder))
    return folder


@pytest.fixture(scope="module")
def blobs_run(blobs, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "blobs"
    return path, ok("fit", blobs / "spec.toml", "--out", path, "--json", "--quiet").json


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def test_fit_says_what_it_reached(blobs_run):
    path, said = blobs_run
    assert said["run"] == str(path) and said["device"] == "cpu" and said["epochs"] == 12
    assert {"train_loss", "valid_loss", "valid_accuracy", "test_loss", "test_accuracy"} <= set(said["metrics"])
    assert said["metrics"]["test_accuracy"] > 0.95
    assert {"read", "train", "test"} <= set(said["seconds"])


def test_run_folder(blobs_run):
    path, _ = blobs_run
    with open(path / "spec.toml", "rb") as file:
        written = tomllib.load(file)
    assert written["seed"] == 1 and written["train"]["batch_size"] == 32
    assert [layer["type"] for layer in written["model"]["layers"]] == ["dense", "dropout", "dense"]
    assert (path / "labels.txt").read_text().split() == ["ash", "birch", "cedar"]
    history = [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in history] == list(range(1, 13))
    assert history[-1]["metrics"]["train_loss"] < history[0]["metrics"]["train_loss"] / 2
    assert (path / "checkpoints" / "last.safetensors").exists()
    assert (path / "checkpoints" / "best.safetensors").exists()
    assert "<svg" in (path / "report.html").read_text("utf-8")
    ok("summary", path, "--verify")


def test_epoch_table(blobs, tmp_path):
    said = ok("fit", blobs / "spec.toml", "--out", tmp_path / "run", "--set", "train.epochs=2").err
    rows = [line.split() for line in said.splitlines()]
    assert ["epoch", "train", "loss", "valid", "loss", "train/val", "valid", "acc", "seconds"] in rows
    assert "dense_1" in said and "parameters" in said
    assert "\x1b" not in said  # no colours where nobody sees them


def test_evaluate(blobs_run):
    path, fitted = blobs_run
    said = ok("evaluate", path, "--json", "--quiet").json
    assert said["samples"] == 150
    accuracy = said["metrics"]["test_accuracy"]
    assert accuracy["value"] == fitted["metrics"]["test_accuracy"]
    assert 0 <= accuracy["stderr"] < 0.05


def test_predict(blobs_run, tmp_path):
    path, _ = blobs_run
    (tmp_path / "new.csv").write_text("0,2,-1\n2,-1,0\n-2,-1,1\n")
    said = ok("predict", path, tmp_path / "new.csv", "--json").json["predictions"]
    assert [one["label"] for one in said] == ["ash", "birch", "cedar"]
    for one in said:
        assert abs(sum(one["probabilities"].values()) - 1) < 1e-5
        assert max(one["probabilities"], key=one["probabilities"].get) == one["label"]
    (tmp_path / "narrow.csv").write_text("1,2\n")
    refused(2, "predict", path, tmp_path / "narrow.csv", says="network takes")
    refused(3, "predict", path, tmp_path / "none.csv", says="none.csv")


def test_summary(blobs, blobs_run):
    for target in (blobs / "spec.toml", blobs_run[0]):
        said = ok("summary", target, "--json").json
        assert [layer["type"] for layer in said["layers"]] == ["dense", "dropout", "dense"]
        assert said["layers"][0]["output"] == [16]
        assert said["totals"]["parameters"] == 3 * 16 + 16 + 16 * 3 + 3
        assert said["totals"]["memory"]["cpu"]["variables"] > 0
    explained = ok("summary", blobs / "spec.toml", "--explain").out
    for word in ("simplify", "fuse_linear", "memory_plan", "linear_update", "adam"):
        assert word in explained


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


def test_regression(tmp_path):
    draw = random.Random(2)
    rows = [(draw.uniform(-1, 1), draw.uniform(-1, 1)) for _ in range(800)]
    (tmp_path / "data.csv").write_text(
        "a,b,y\n" + "".join(f"{a:.5f},{b:.5f},{a * b + .5 * a:.5f}\n" for a, b in rows))
    (tmp_path / "spec.toml").write_text(
        network(tmp_path / "data.csv", "regress", 1, "linear", "epochs = 60\nloss = \"mse\""))
    said = ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--json", "--quiet").json
    assert said["metrics"]["valid_mse"] < 0.02
    (tmp_path / "new.csv").write_text("0.5,0.5\n")
    value = ok("predict", tmp_path / "run", tmp_path / "new.csv", "--json").json["predictions"][0]["values"]
    assert abs(value[0] - 0.5) < 0.25
    held_out = ok("evaluate", tmp_path / "run", "--json", "--quiet").json  # one file: no test part
    assert held_out["part"] == "valid" and held_out["samples"] == 160
    assert held_out["metrics"]["valid_mse"]["value"] == said["metrics"]["valid_mse"]


def test_wrong_specs(blobs, tmp_path):
    good = (blobs / "spec.toml").read_text()

    def refuse(old, new, *says):
        assert old in good
        (tmp_path / "spec.toml").write_text(good.replace(old, new, 1))
        refused(2, "fit", tmp_path / "spec.toml", "--out", tmp_path / "run", says=says)

    refuse("units = 16", "unit = 16", "unit", "units", "spec.toml:")
    refuse('type = "dropout"', 'type = "dropuot"', "dropout", "spec.toml:")
    refuse("rate = 0.1", "rate = 1.5", "rate", "spec.toml:")
    refuse('activation = "relu"', 'activation = "rule"', "relu", "spec.toml:")
    refuse('type = "adam"', 'type = "adma"', "adam", "spec.toml:")
    refuse("epochs = 12", "epoch = 12", "epochs", "spec.toml:")
    refuse('task = "classify"', 'task = "clasify"', "classify", "spec.toml:1")
    refuse("units = 3", "units = 4", "3")
    refused(2, "fit", blobs / "spec.toml", "--out", tmp_path / "run", "--precision", "bf16", says="bf16")


def test_damaged_data(blobs, tmp_path):
    lines = (blobs / "train.csv").read_text().splitlines()
    lines[10] = "1,x,2,ash"
    (tmp_path / "train.csv").write_text("\n".join(lines))
    refused(3, "fit", blobs / "spec.toml", "--out", tmp_path / "run", "--set", f"data.path={tmp_path / 'train.csv'}",
            "--set", "data.strict=true", says="train.csv:11")
    folder = tmp_path / "idx"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, 100, 5, 5) + bytes(2400))
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, 100) + bytes(100))
    refused(3, "fit", blobs / "spec.toml", "--out", tmp_path / "run", "--set", f"data.path={folder}",
            says="train-images-idx3-ubyte")


def test_damaged_checkpoint_and_model(blobs, blobs_run, tmp_path):
    ok("fit", blobs / "spec.toml", "--out", tmp_path / "run", "--quiet", "--set", "train.epochs=2")
    last = tmp_path / "run" / "checkpoints" / "last.safetensors"
    data = last.read_bytes()
    last.write_bytes(data[:-3])
    refused(3, "fit", blobs / "spec.toml", "--out", tmp_path / "run", "--resume", "--quiet", says="last.safetensors")
    last.write_bytes(data)
    refused(2, "fit", blobs / "spec.toml", "--out", tmp_path / "run", "--resume", "--quiet", "--set",
            "model.layers[0].units=17", says="checkpoint")
    assert ok("predict", tmp_path / "run", blobs, "--json").json["samples"] == 150  # refused, and nothing lost
    model = tmp_path / "run" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-1])
    refused(3, "predict", tmp_path / "run", blobs, says="model.safetensors")


@pytest.mark.parametrize("name", ["cifar10-mlp", "cifar10-dense", "cifar10-dense-sigmoid", "fashion-mlp"])
def test_builtin_specs_have_the_articles_shapes(name):
    real("cifar-10" if name.startswith("cifar") else "fashion-mnist")
    parameters = {"cifar10-mlp": 1024 * 100 + 100 + 100 * 10 + 10,
                  "cifar10-dense": 3072 * 3000 + 3000 + 3000 * 1000 + 1000 + 1000 * 10 + 10,
                  "fashion-mlp": 784 * 500 + 500 + 4 * (500 * 500 + 500) + 500 * 10 + 10}
    assert ok("summary", name, "--json").json["totals"]["parameters"] == parameters[name.replace("-sigmoid", "")]


def test_fashion_reaches_the_article(tmp_path):
    """One hidden layer, one epoch: accuracy beyond what an untrained or half-broken network has."""
    real("fashion-mnist")
    said = ok("fit", "fashion-mlp", "--out", tmp_path / "run", "--json", "--quiet", "--set", "model.layers[0].repeat=1",
              "--set", "train.epochs=1", timeout=300).json
    assert said["metrics"]["test_accuracy"] > 0.82


def test_same_bits_on_real_data(tmp_path):
    real("fashion-mnist")
    models = []
    for number, threads in enumerate((1, 2, 2)):
        ok("fit", "fashion-mlp", "--out", tmp_path / str(number), "--quiet", "--threads", threads,
           "--set", "model.layers[0].repeat=2", "--set", "train.batch_size=256", "--set", "train.epochs=1", timeout=300)
        models.append(weights(tmp_path / str(number)))
    assert models[0] == models[1] == models[2]
