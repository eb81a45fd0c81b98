"""Mult-VAE, Mult-DAE and RecVAE: from a spec to lists, against NumPy in double precision."""
import json
import shutil
import struct

import numpy as np
import pytest

from conftest import ok, real, refused, spec

MODELS = {"mult-vae": "hidden = [40]\nlatent = 12\nbeta = 0.1\n", "mult-dae": "latent = 24\n",
          "recvae": "width = 40\ndepth = 3\nlatent = 12\n"}
TRAIN = "[train]\nepochs = 20\nbatch_size = 100\noptimizer = { lr = 0.003 }\n[evaluate]\nheldout = 150\n"


def tensors(path):
    types = {"F32": np.float32, "I32": np.int32, "I64": np.int64}
    data = path.read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    out = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = (start + at for at in entry["data_offsets"])
            out[name] = np.frombuffer(data[begin:end], types[entry["dtype"]]).reshape(entry["shape"])
    return out


def ids(path):
    return [line.split("\t")[0] for line in path.read_text("utf-8").splitlines()[1:]]


def dense(model, name, x):
    return x @ model[name + ".weight"].astype(float) + model[name + ".bias"]


def recvae_scores(model, x):
    layers = 0
    for layer in range(1, 4):
        x = dense(model, f"encoder_{layer}", x) + layers
        x /= 1 + np.exp(-x)
        x = (x - x.mean()) / np.sqrt(x.var() + 0.1) * model[f"norm_{layer}.weight"] + model[f"norm_{layer}.bias"]
        layers = layers + x
    z = dense(model, "encoder_last", x)
    return dense(model, "decoder", z[:len(z) // 2])


def scores(model, kind, history):
    """Of every item, for a user who has these, each with the value 1."""
    x = np.zeros(model["item_users"].shape[0])
    x[history] = 1 / np.sqrt(len(history))
    if kind == "recvae":
        return recvae_scores(model, x)

    def half(name, x):
        layers = [layer for layer in range(1, 9) if f"{name}_{layer}.weight" in model]
        for layer in layers:
            x = dense(model, f"{name}_{layer}", np.tanh(x) if layer > 1 else x)
        return x

    z = half("encoder", x)
    return half("decoder", np.tanh(z) if kind == "mult-dae" else z[:len(z) // 2])


@pytest.fixture(scope="module", params=MODELS)
def trained(request, taste, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vae")
    path = folder / "spec.toml"
    path.write_text(spec(taste / "ratings.csv", f'[model]\ntype = "{request.param}"\n{MODELS[request.param]}{TRAIN}'))
    fit = ok("fit", path, "--set", "data.binarise=true", "--out", folder / "run", "--json", "--quiet").json
    return request.param, path, folder / "run", fit


def test_scores_are_those_of_its_layers(trained):
    kind, _, run, fit = trained
    model, items = tensors(run / "model.safetensors"), ids(run / "items.tsv")
    assert fit["epochs"] == 20 and fit["split"]["test"] <= 150
    assert sum(len(tensor.reshape(-1)) > 0 for tensor in model.values()) == len(model)
    history = [3, 17, 40, 41]
    expected = scores(model, kind, history)
    expected[history] = -np.inf
    expected[model["item_users"] == 0] = -np.inf
    names = ",".join(items[item] for item in history)
    answer = ok("recommend", run, "--history", names, "-k", 20, "--json").json["items"]
    assert [item["score"] for item in answer] == pytest.approx(np.sort(expected)[::-1][:20], abs=1e-4)
    for item in answer:
        assert expected[items.index(item["id"])] == pytest.approx(item["score"], abs=1e-4)
    halved = ok("recommend", run, "--history", names, "-k", 20, "--json", "--precision", "bf16").json["items"]
    assert [item["score"] for item in halved] == pytest.approx([item["score"] for item in answer], abs=0.01)


def test_summary_counts_its_parameters(trained):
    _, path, run, _ = trained
    count = sum(tensor.size for name, tensor in tensors(run / "model.safetensors").items()
                if name.startswith(("encoder", "decoder", "norm")))
    for target in (run, path):
        summary = ok("summary", target, "--json", "--quiet").json
        assert summary["totals"]["parameters"] == count
        assert summary["layers"][1]["name"] == "encoder_1" and summary["layers"][1]["flops"] > 0


def test_a_damaged_model_is_refused(trained, tmp_path):
    """A tensor whose shape says more than there is, and one that is not there."""
    run = trained[2]
    for index, (old, new) in enumerate(((b'"encoder_1.bias"', b'"encoder_1.bogy"'), (b'"item_users"', b'"item_usurs"'))):
        copy = tmp_path / str(index)
        shutil.copytree(run, copy)
        data = (copy / "model.safetensors").read_bytes()
        assert old in data
        (copy / "model.safetensors").write_bytes(data.replace(old, new))
        refused(3, "recommend", copy, "--user", "1", says=[copy / "model.safetensors", old.decode().strip('"')])


def test_is_better_than_popularity_on_users_it_has_not_seen(trained, taste, tmp_path):
    _, path, run, fit = trained
    (tmp_path / "spec.toml").write_text(spec(taste / "ratings.csv", '[model]\ntype = "popularity"\n[evaluate]\nheldout = 150\n'))
    ok("fit", tmp_path / "spec.toml", "--set", "data.binarise=true", "--out", tmp_path / "run", "--quiet")
    floor = ok("evaluate", tmp_path / "run", "--json").json
    answer = ok("evaluate", run, "--json").json
    assert not answer["refitted"] and floor["refitted"] and answer["users"] == floor["users"]
    assert answer["metrics"]["ndcg@100"]["value"] > floor["metrics"]["ndcg@100"]["value"] + 0.02
    for name, metric in answer["metrics"].items():
        assert metric["value"] == pytest.approx(fit["metrics"]["test_" + name], abs=1e-12), name
    refused(2, "evaluate", run, "--seed", 2, says="fit again")
    refused(2, "evaluate", run, "--set", "evaluate.heldout=100", says="fit again")
    lines = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 21))
    best = max(lines, key=lambda line: line["metrics"]["valid_ndcg@100"])
    assert best["epoch"] == fit["best_epoch"]
    valid = ok("evaluate", run, "--set", "evaluate.part=valid", "--json").json["metrics"]["ndcg@100"]["value"]
    assert valid == pytest.approx(best["metrics"]["valid_ndcg@100"], abs=1e-12)


def test_goes_on_where_it_was(trained, tmp_path):
    """Ten epochs and ten more are the twenty, to the bit, where the divergence rises in as many steps."""
    _, path, _, _ = trained
    keys = ("--set", "data.binarise=true", "--set", "model.anneal_steps=50", "--quiet")
    ok("fit", path, *keys, "--set", "train.epochs=8", "--out", tmp_path / "whole")
    ok("fit", path, *keys, "--set", "train.epochs=5", "--out", tmp_path / "parts")
    ok("fit", path, *keys, "--set", "train.epochs=8", "--resume", "--out", tmp_path / "parts")
    whole, parts = (tensors(tmp_path / name / "model.safetensors") for name in ("whole", "parts"))
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)
    refused(2, "fit", path, *keys, "--set", "model.dropout=0.3", "--resume", "--out", tmp_path / "parts", says="model.dropout")


def test_refuses(taste, tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(spec(taste / "ratings.csv", '[model]\ntype = "ease"\n'))
    refused(2, "fit", path, "--precision", "bf16", "--out", tmp_path / "run", "--quiet", says="ease computes in fp32")
    refused(2, "fit", path, "--resume", "--out", tmp_path / "run", "--quiet", says="--resume")
    refused(2, "fit", path, "--set", "model.type=mult-vae", "--set", "model.hidden=[0]", "--out", tmp_path / "run", "--quiet",
            says="model.hidden")
    assert not (tmp_path / "run").exists()


def test_quality_on_movielens(tmp_path):
    """Strong generalisation on ML-1M after 30 of 150 epochs; item-kNN reaches 0.39."""
    real("movielens/ml-1m-ge3")
    fit = ok("fit", "ml-20m-multvae", "--set", "data.path=movielens/ml-1m-ge3", "--set", "data.min_rating=0",
             "--set", "evaluate.heldout=600", "--set", "train.epochs=30", "--set", "model.anneal_steps=300",
             "--out", tmp_path / "run", "--json", "--quiet", timeout=300).json
    assert fit["metrics"]["test_ndcg@100"] > 0.385
    assert fit["metrics"]["test_recall@20"] > 0.32
    items = ids(tmp_path / "run" / "items.tsv")
    for count in (1, 20, 300):
        answers = [{item["id"]: item["score"] for item in
                    ok("recommend", tmp_path / "run", "--history", ",".join(items[7:7 + count]), "-k", 4000, "--precision", precision,
                       "--json").json["items"]} for precision in ("fp32", "bf16")]
        assert len(answers[0]) > 3000 and answers[1] == pytest.approx(answers[0], abs=0.01)
