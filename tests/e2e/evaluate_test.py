"""evaluate: its JSON, its seeds, and that models with taste beat popularity."""
import pytest

from conftest import ok, real, refused, spec

NAMES = ["ap_k", "coverage", "hit_rate", "map", "mrr", "ndcg", "ndcg_full", "novelty", "precision",
         "recall"]


PERSONAL = {"item-knn": "", "user-knn": "", "slim": "l2 = 50.0\n", "rp3beta": ""}
MODELS = {**PERSONAL, "popularity": ""}


def fitted(folder, data, model, more=""):
    folder.mkdir(exist_ok=True)
    (folder / "spec.toml").write_text(spec(data, f'[model]\ntype = "{model}"\n{more}'))
    ok("fit", folder / "spec.toml", "--out", folder / model, "--quiet")
    return folder / model


@pytest.fixture(scope="module")
def models(taste, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {model: fitted(folder, taste, model, more) for model, more in MODELS.items()}


def evaluated(run, *arguments):
    return ok("evaluate", run, "--json", "--quiet", *arguments).json


def test_structure(models):
    result = evaluated(models["item-knn"], "--at", "5,20")
    assert set(result["metrics"]) == {f"{name}@{k}" for name in NAMES for k in (5, 20)}
    assert result["device"] == "cpu"
    assert result["users"] > 50
    for name, metric in result["metrics"].items():
        assert metric["value"] >= 0, name
        if not name.startswith("novelty"):
            assert metric["value"] <= 1, name
        if name.startswith("coverage"):
            assert metric["stderr"] is None and metric["ci95"] is None
        else:
            assert metric["stderr"] > 0
            assert metric["ci95"] == pytest.approx(1.96 * metric["stderr"], rel=1e-3)
    values = {name: metric["value"] for name, metric in result["metrics"].items()}
    for name in ("recall", "hit_rate", "coverage"):
        assert values[f"{name}@5"] <= values[f"{name}@20"] or name == "recall"
    assert values["precision@5"] <= values["hit_rate@5"]


def test_default_cut_offs_and_table(models):
    assert {f"recall@{k}" for k in (10, 20, 50, 100)} <= set(
        evaluated(models["item-knn"])["metrics"])
    done = ok("evaluate", models["item-knn"], "--at", "20")
    assert "refitting" in done.err
    assert "@20" in done.out and "±" in done.out and "recall" in done.out


def test_seeds_and_threads(models):
    first = evaluated(models["item-knn"])
    for threads in (1, 2, 3):
        again = evaluated(models["item-knn"], "--threads", threads)
        assert again["metrics"] == first["metrics"]
        assert again["users"] == first["users"]
    other = evaluated(models["item-knn"], "--seed", 2)
    assert other["seed"] == 2 and first["seed"] == 1
    assert other["metrics"]["recall@20"] != first["metrics"]["recall@20"]
    for model in ("user-knn", "slim", "rp3beta"):
        metrics = [evaluated(models[model], "--threads", threads)["metrics"] for threads in (1, 2)]
        assert metrics[0] == metrics[1], model


@pytest.mark.parametrize("split", ["strong", "leave-one-out", "random", "time"])
def test_taste_beats_popularity(models, split):
    recall = {model: evaluated(run, "--at", "20", "--set", f"evaluate.split={split}")
              ["metrics"]["recall@20"]["value"] for model, run in models.items()}
    for model in PERSONAL:
        assert recall[model] > 1.1 * recall["popularity"], recall


def test_films(tmp_path):
    real("movielens/ml-1m-ge3")
    recall = {}
    for model, more in MODELS.items():
        run = fitted(tmp_path / "films", "ml-1m-ge3", model, more)
        result = evaluated(run, "--at", "20,100")
        assert result["users"] > 500
        recall[model] = result["metrics"]["recall@20"]["value"]
    for model in PERSONAL:
        assert recall[model] > 1.2 * recall["popularity"], recall


def test_keys_of_evaluate_only(models, small_run):
    refused(2, "evaluate", models["item-knn"], "--set", "model.neighbors=3", says="model.neighbors")
    refused(2, "evaluate", models["item-knn"], "--quiet", "--set", "evaluate.split=sideways",
            says=["evaluate.split", "strong"])
    refused(2, "evaluate", models["item-knn"], "--quiet", "--set", "evaluate.fracton=0.1",
            says="evaluate.fraction")
    refused(3, "evaluate", small_run, "--quiet", says="user")  # six users are too few to hold out


def test_validation_part(models):
    test = evaluated(models["item-knn"], "--at", "20")
    valid = evaluated(models["item-knn"], "--at", "20", "--set", "evaluate.part=valid")
    assert test["part"] == "test" and valid["part"] == "valid"
    assert test["metrics"] != valid["metrics"]
