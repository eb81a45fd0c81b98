"""Several recommenders on one split, against what each says of itself."""
import csv
import math

import pytest

from conftest import ok, refused, spec

HELDOUT = "[evaluate]\nheldout = 150\n"
MODELS = {"popularity": "", "item-knn": "neighbors = 50\n", "ease": "l2 = 50.0\n",
          "mult-dae": "latent = 24\n", "slim": "l2 = 50.0\n", "rp3beta": ""}
TRAIN = "[train]\nepochs = 8\nbatch_size = 100\n"


@pytest.fixture(scope="module")
def compared(taste, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    paths = []
    for model, keys in MODELS.items():
        paths.append(folder / f"{model}.toml")
        paths[-1].write_text(spec(taste / "ratings.csv", f'[model]\ntype = "{model}"\n{keys}{TRAIN}{HELDOUT}'))
    answer = ok("compare", *paths, "--csv", folder / "table.csv", "--report", folder / "report.html", "--json", "--quiet").json
    return folder, paths, answer


def test_each_model_is_what_it_is_alone(compared, tmp_path):
    _, paths, answer = compared
    assert [model["name"] for model in answer["models"]] == list(MODELS)
    for path, model in zip(paths, answer["models"]):
        ok("fit", path, "--out", tmp_path / model["name"], "--quiet")
        alone = ok("evaluate", tmp_path / model["name"], "--json").json
        for metric in ("recall@20", "recall@50", "ndcg@100", "map@100", "coverage@100"):
            assert model["metrics"][metric]["value"] == pytest.approx(alone["metrics"][metric]["value"], abs=1e-9), metric
        assert model["seconds"]["fit"] > 0 and model["users_per_second"] > 0 and model["bytes"] > 0
    assert answer["models"][3]["epochs"] == 8 and answer["models"][0]["epochs"] == 0


def test_the_best_and_how_sure_that_is(compared):
    _, _, answer = compared
    ndcg = {model["name"]: model["metrics"]["ndcg@100"]["value"] for model in answer["models"]}
    assert answer["best"] == max(ndcg, key=ndcg.get)
    for model in answer["models"]:
        if model["name"] == answer["best"]:
            assert model["p_value"] is None
        else:
            assert 0 <= model["p_value"] <= 1
    floor = next(model for model in answer["models"] if model["name"] == "popularity")
    assert floor["p_value"] < 1e-6


def test_files(compared):
    folder, _, answer = compared
    with open(folder / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == list(MODELS)
    for row, model in zip(rows, answer["models"]):
        assert math.isclose(float(row["ndcg@100"]), model["metrics"]["ndcg@100"]["value"], abs_tol=1e-6)
    report = (folder / "report.html").read_text("utf-8")
    assert report.startswith("<!DOCTYPE html>") and "ndcg@100" in report and "mult-dae" in report


def test_a_spec_with_several_models(taste, tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(spec(taste / "ratings.csv", '[[models]]\ntype = "ease"\nl2 = 20.0\n'
                         '[[models]]\ntype = "ease"\nl2 = 200.0\nname = "stiff, ease"\n' + HELDOUT))
    answer = ok("compare", path, "--csv", tmp_path / "table.csv", "--json", "--quiet").json
    assert [model["name"] for model in answer["models"]] == ["ease", "stiff, ease"]
    values = [model["metrics"]["ndcg@100"]["value"] for model in answer["models"]]
    assert values[0] != values[1]
    with open(tmp_path / "table.csv", newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["ease", "stiff, ease"]
    table = ok("compare", path, "--quiet").out
    assert "stiff, ease" in table and "± " in table


def test_refuses(compared, taste, tmp_path):
    _, paths, _ = compared
    path = tmp_path / "spec.toml"
    refused(2, "compare", paths[0], paths[0], says="popularity")
    path.write_text(spec(taste / "ratings.csv", '[model]\ntype = "popularity"\n[evaluate]\nheldout = 100\n'))
    refused(2, "compare", paths[1], path, says=["evaluate.heldout", "150", "100"])
    path.write_text(spec(taste / "ratings.csv", '[[models]]\ntype = "ease"\nlambda = 3\n'))
    refused(2, "compare", path, says="model.lambda")
    path.write_text(spec(taste / "ratings.csv", '[[models]]\n'))
    refused(2, "compare", path, says="models[0]")
    for key in ("models[99999999999999999999999].l2", "models[x].l2", "models[0]"):
        refused(2, "compare", paths[0], "--set", f"{key}=1", says=key)
    refused(2, "compare", "fashion-mlp", says="classify")
    refused(2, "compare", tmp_path / "missing.toml", says="missing.toml")
