"""EASE and EDLAE against NumPy in double precision."""
import csv

import numpy as np
import pytest

from conftest import ok, real, refused, spec

MODELS = {"ease": 0, "edlae": .33}


def interactions(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    return [(row[columns[0]], row[columns[1]]) for row in rows]


def ids(path):
    return [line.split("\t")[0] for line in path.read_text("utf-8").splitlines()[1:]]


def weights(x, l2, dropout):
    gram = x.T @ x
    inverse = np.linalg.inv(gram + np.diag(l2 + dropout / (1 - dropout) * np.diag(gram)))
    b = -inverse / np.diag(inverse)
    np.fill_diagonal(b, 0)
    return b


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """400 users with two tastes and 210 items, two of which have the same users."""
    random = np.random.default_rng(4)
    path = tmp_path_factory.mktemp("linear") / "pairs.csv"
    lines = ["user,item"]
    for user in range(400):
        popular = 1 / (1 + np.arange(209))
        popular[user % 2::2] *= 6
        for item in sorted(random.choice(209, size=12, replace=False, p=popular / popular.sum())):
            lines.append(f"u{user},i{item}")
            if item == 30:
                lines.append(f"u{user},i209")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("model", MODELS)
def test_recommends_what_numpy_does(model, pairs, tmp_path):
    settings = f'[model]\ntype = "{model}"\nl2 = 30.0\n'
    (tmp_path / "spec.toml").write_text(spec(pairs, settings))
    ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet")
    items, users = ids(tmp_path / "run" / "items.tsv"), ids(tmp_path / "run" / "users.tsv")
    x = np.zeros((len(users), len(items)))
    for user, item in interactions(pairs):
        x[users.index(user), items.index(item)] = 1
    b = weights(x, 30, MODELS[model])
    for user in users[:40]:
        row = x[users.index(user)]
        scores = row @ b
        scores[row > 0] = -np.inf
        answer = ok("recommend", tmp_path / "run", "--user", user, "-k", 15, "--json").json["items"]
        assert [item["score"] for item in answer] == pytest.approx(np.sort(scores)[::-1][:15], abs=2e-5)
        for item in answer:
            assert scores[items.index(item["id"])] == pytest.approx(item["score"], abs=2e-5)
    history = ok("recommend", tmp_path / "run", "--history", "i1,i4", "--json").json["items"]
    expected = b[items.index("i1")] + b[items.index("i4")]
    assert history[0]["score"] == pytest.approx(np.delete(expected, [items.index("i1"), items.index("i4")]).max(), abs=2e-5)
    alike = ok("recommend", tmp_path / "run", "--item", "i0", "-k", 5, "--json").json["items"]
    assert [item["score"] for item in alike] == pytest.approx(np.sort(b[items.index("i0")])[::-1][:5], abs=2e-5)


def test_refuses_what_does_not_fit_into_memory(tmp_path):
    """Four million items would take 64 terabytes; nothing is allocated."""
    with open(tmp_path / "many.csv", "w") as file:
        file.write("user,item\n")
        for item in range(4_000_000):
            file.write(f"{item % 7},{item}\n")
    (tmp_path / "spec.toml").write_text(spec(tmp_path / "many.csv", '[model]\ntype = "ease"\n'))
    refused(1, "fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet",
            says=("ease on 4000000 items takes 64", "available", "data.min_item_ratings"))
    assert not (tmp_path / "run").exists()


def test_refuses_settings_out_of_range(pairs, tmp_path):
    for key, value in (("l2", "0.0"), ("l2", "-3.0"), ("dropout", "1.0")):
        (tmp_path / "spec.toml").write_text(spec(pairs, f'[model]\ntype = "edlae"\n{key} = {value}\n'))
        refused(2, "fit", tmp_path / "spec.toml", "--quiet", says=f"model.{key}")


def test_quality_on_movielens(tmp_path):
    """The bands that the reference implementations reach on other splits of the same data."""
    found = real("movielens/ml-1m-ge3")
    factors = "unobserved = 0.3333\nfactor_l2 = 3.3333\nfrequency_exponent = 0.0"
    for model, settings, least in (("ease", "l2 = 800.0", .38), ("edlae", "l2 = 500.0", .385), ("ials", factors, .375)):
        (tmp_path / "spec.toml").write_text(spec(
            found, f'binarise = true\n[model]\ntype = "{model}"\n{settings}\n[evaluate]\nheldout = 600\n'))
        ok("fit", tmp_path / "spec.toml", "--out", tmp_path / model, "--quiet")
        metrics = ok("evaluate", tmp_path / model, "--at", "20,100", "--json").json["metrics"]
        assert least < metrics["recall@20"]["value"] < .42
        assert .44 < metrics["ndcg@100"]["value"] < .50
