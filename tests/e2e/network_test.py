"""Networks from the command line: fit, evaluate, predict, summary, and what may go wrong."""
import json
import random
import shutil
import struct
import tomllib

import pytest

from conftest import network, ok, real, refused, weights


def test_fit_says_what_it_reached(blobs_run):
    path, said = blobs_run
    assert said["run"] == str(path) and said["device"] == "cpu" and said["epochs"] == 12
    assert {"train_loss", "valid_loss", "valid_accuracy", "test_loss", "test_accuracy"} <= set(said["metrics"])
    assert said["metrics"]["test_accuracy"] > 0.95
    assert {"read", "train", "test"} <= set(said["seconds"])
    assert 0 < said["first_step_seconds"] < sum(said["seconds"].values())


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


def test_evaluate_reads_the_test_part_and_takes_classes_by_name(blobs, blobs_run, tmp_path):
    path, fitted = blobs_run
    rows = (blobs / "test.csv").read_text().splitlines()
    (tmp_path / "train.csv").write_text("not read\n")
    (tmp_path / "test.csv").write_text("\n".join([rows[0]] + [row for row in rows if not row.endswith("ash")][1:]))
    said = ok("evaluate", path, "--json", "--quiet", "--set", f"data.path={tmp_path}").json
    assert said["samples"] == sum(not row.endswith("ash") for row in rows) - 1
    assert said["metrics"]["test_accuracy"]["value"] > 0.9
    (tmp_path / "test.csv").write_text("\n".join(rows[:9] + ["1,2,3,oak"]))
    refused(2, "evaluate", path, "--set", f"data.path={tmp_path}", says=["oak", "ash, birch, cedar"])
    refused(2, "evaluate", path, "--set", "data.standardise=false", says=["data.standardise", "data.path"])
    refused(2, "evaluate", path, "--set", "train.loss=mse", says="train.loss")


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
    assert ok("summary", blobs_run[0], "--json").json == ok("summary", blobs / "spec.toml", "--json").json
    explained = ok("summary", blobs / "spec.toml", "--explain").out
    for word in ("simplify", "fuse_linear", "memory_plan", "linear_update", "adam"):
        assert word in explained


def test_a_run_outlives_its_data(blobs, tmp_path):
    shutil.copytree(blobs, tmp_path / "data")
    ok("fit", blobs / "spec.toml", "--out", tmp_path / "run", "--quiet", "--set", "train.epochs=1",
       "--set", f"data.path={tmp_path / 'data'}")
    shutil.rmtree(tmp_path / "data")
    assert ok("summary", tmp_path / "run", "--json").json["totals"]["parameters"] == 115
    refused(3, "evaluate", tmp_path / "run", says=tmp_path / "data")


def test_mixed_precision(blobs, blobs_run, tmp_path):
    """Nearly the same model, always the same bits, to resume from in the same precision only."""
    fit = ["fit", blobs / "spec.toml", "--precision", "bf16", "--json"]
    said = ok(*fit, "--out", tmp_path / "run").json
    assert said["precision"] == "bf16"
    assert abs(said["metrics"]["test_accuracy"] - blobs_run[1]["metrics"]["test_accuracy"]) < .02
    assert weights(tmp_path / "run") != weights(blobs_run[0])
    ok(*fit, "--out", tmp_path / "one", "--threads", 1)
    assert weights(tmp_path / "one") == weights(tmp_path / "run")
    ok(*fit, "--out", tmp_path / "resumed", "--set", "train.epochs=5")
    refused(2, "fit", blobs / "spec.toml", "--out", tmp_path / "resumed", "--resume", "--quiet",
            says="precision bf16")
    ok(*fit, "--out", tmp_path / "resumed", "--resume")
    assert weights(tmp_path / "resumed") == weights(tmp_path / "run")
    for precision in ("fp32", "bf16"):
        found = ok("evaluate", tmp_path / "run", "--precision", precision, "--json").json["metrics"]
        assert abs(found["test_accuracy"]["value"] - said["metrics"]["test_accuracy"]) < .02
    explained = ok("summary", blobs / "spec.toml", "--explain", "--precision", "bf16").out
    assert "bf16 halves" in explained and "mixed_precision" in explained


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
    refused(2, "fit", blobs / "spec.toml", "--out", tmp_path / "run", "--precision", "fp16", says="fp16")


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
    for changed in ("train.label_smoothing=0.1", "model.layers[1].rate=0.2", "data.valid_shuffle=false"):
        key = changed.split("=")[0]
        refused(2, "fit", blobs / "spec.toml", "--out", tmp_path / "run", "--resume", "--quiet", "--set", changed,
                says=["another training", f'there "{key} = '])
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
