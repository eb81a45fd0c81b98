"""EASE, EDLAE, SLIM and RP3beta against NumPy in double precision."""
import csv

import numpy as np
import pytest

from conftest import ok, real, refused, spec

MODELS = {"ease": "l2 = 30.0", "edlae": "l2 = 30.0", "slim": "l1 = 0.5\nl2 = 6.0\ntolerance = 1e-6",
          "rp3beta": "neighbors = 20"}


def interactions(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    return [(row[columns[0]], row[columns[1]]) for row in rows]


def ids(path):
    return [line.split("\t")[0] for line in path.read_text("utf-8").splitlines()[1:]]


def in_closed_form(x, l2, dropout):
    gram = x.T @ x
    inverse = np.linalg.inv(gram + np.diag(l2 + dropout / (1 - dropout) * np.diag(gram)))
    b = -inverse / np.diag(inverse)
    np.fill_diagonal(b, 0)
    return b


def by_descent(x, l1, l2):
    """All columns of W at once, one row after another."""
    gram = x.T @ x
    w = np.zeros_like(gram)
    for _ in range(400):
        for row in range(len(w)):
            rest = gram[row] - gram[row] @ w + gram[row, row] * w[row]
            w[row] = np.maximum(rest - l1, 0) / (gram[row, row] + l2)
            w[row, row] = 0
    return w


def by_walks(x, alpha, beta, neighbors):
    def cut(w):  # rows, ties to the lower item
        order = np.argsort(-np.round(w, 14), axis=1, kind="stable")
        for row, items in zip(w, order):
            row[items[neighbors:]] = 0

    counts = x.sum(0)
    w = (x / counts).T ** alpha @ (x / x.sum(1, keepdims=True)) ** alpha / counts ** beta
    np.fill_diagonal(w, 0)
    cut(w)
    w /= w.sum(1, keepdims=True)
    cut(w.T)
    return w


WEIGHTS = {"ease": lambda x: in_closed_form(x, 30, 0), "edlae": lambda x: in_closed_form(x, 30, .33),
           "slim": lambda x: by_descent(x, .5, 6), "rp3beta": lambda x: by_walks(x, .8, .5, 20)}


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
    settings = f'[model]\ntype = "{model}"\n{MODELS[model]}\n'
    (tmp_path / "spec.toml").write_text(spec(pairs, settings))
    ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet")
    items, users = ids(tmp_path / "run" / "items.tsv"), ids(tmp_path / "run" / "users.tsv")
    x = np.zeros((len(users), len(items)))
    for user, item in interactions(pairs):
        x[users.index(user), items.index(item)] = 1
    b = WEIGHTS[model](x)
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


@pytest.mark.parametrize("model", ["ease", "slim"])
def test_refuses_what_does_not_fit_into_memory(model, tmp_path):
    """Four million items would take 64 terabytes; nothing is allocated."""
    with open(tmp_path / "many.csv", "w") as file:
        file.write("user,item\n")
        for item in range(4_000_000):
            file.write(f"{item % 7},{item}\n")
    (tmp_path / "spec.toml").write_text(spec(tmp_path / "many.csv", f'[model]\ntype = "{model}"\n'))
    refused(1, "fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet",
            says=(f"{model} on 4000000 items takes 64", "available", "data.min_item_ratings", "model.type elsa", "in 32.9 GB"))
    assert not (tmp_path / "run").exists()


def test_refuses_settings_out_of_range(pairs, tmp_path):
    for key, value in (("l2", "0.0"), ("l2", "-3.0"), ("dropout", "1.0"), ("l1", "-1.0"), ("tolerance", "0.0"),
                       ("candidates", "-1"), ("iterations", "0"), ("transition_exponent", "2.5"),
                       ("popularity_exponent", "-0.1"), ("normalise", "2")):
        (tmp_path / "spec.toml").write_text(spec(pairs, f'[model]\ntype = "edlae"\n{key} = {value}\n'))
        refused(2, "fit", tmp_path / "spec.toml", "--quiet", says=f"model.{key}")


def test_quality_on_movielens(tmp_path):
    """The bands that the reference implementations reach on other splits of the same data; those of SLIM and
    RP3beta are about what they reached when they were made."""
    found = real("movielens/ml-1m-ge3")
    factors = "unobserved = 0.3333\nfactor_l2 = 3.3333\nfrequency_exponent = 0.0"
    for model, settings, recall, ndcg in (("ease", "l2 = 800.0", .38, .44), ("edlae", "l2 = 500.0", .385, .44),
                                          ("ials", factors, .375, .44), ("slim", "", .385, .45), ("rp3beta", "", .36, .42)):
        (tmp_path / "spec.toml").write_text(spec(
            found, f'binarise = true\n[model]\ntype = "{model}"\n{settings}\n[evaluate]\nheldout = 600\n'))
        ok("fit", tmp_path / "spec.toml", "--out", tmp_path / model, "--quiet")
        metrics = ok("evaluate", tmp_path / model, "--at", "20,100", "--json").json["metrics"]
        assert recall < metrics["recall@20"]["value"] < .42
        assert ndcg < metrics["ndcg@100"]["value"] < .50
