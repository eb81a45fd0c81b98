"""Neighbours and recommendations against NumPy and SciPy in double precision."""
import functools
import lzma
import random
import re

import numpy as np
import pytest
import scipy.sparse

from conftest import ok, real, refused, spec

POTTER = "059035342X"

# The article gives the cosines, and that four of five readers rated both Harry Potter books, one of
# the four the textbook too, and Eric only the first book. Its ratings are in a picture that we do
# not have; these whole numbers were searched for and give the same cosines.
FIVE_READERS = """reader;HP1;HP2;QCQI
Alice;7;10;9
Bob;7;10;0
Carol;8;9;0
Dave;9;7;0
Eric;8;0;0
"""


def test_five_readers(tmp_path):
    rows = [line.split(";") for line in FIVE_READERS.splitlines()]
    lines = ["user,item,rating"]
    for reader, *scores in rows[1:]:
        lines += [f"{reader},{book},{score}" for book, score in zip(rows[0][1:], scores)
                  if score != "0"]
    (tmp_path / "ratings.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "spec.toml").write_text(spec(tmp_path / "ratings.csv"))
    ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet")
    items = ok("recommend", tmp_path / "run", "--item", "HP1", "--json").json["items"]
    assert [item["id"] for item in items] == ["HP2", "QCQI"]
    assert round(items[0]["score"], 3) == 0.864
    assert round(items[1]["score"], 4) == 0.3995
    table = ok("recommend", tmp_path / "run", "--item", "HP1").out
    assert re.search(r"1 +HP2 +0\.8640\n", table) and re.search(r"2 +QCQI +0\.3995\n", table)
    # Eric has read the first book; his friends' ratings say what to read next.
    for_eric = ok("recommend", tmp_path / "run", "--user", "Eric", "--json").json["items"]
    assert [item["id"] for item in for_eric] == ["HP2", "QCQI"]
    assert for_eric[0]["score"] == pytest.approx(8 * items[0]["score"], rel=1e-6)


class Reference:
    """The article's preparation and cosine, from the raw file, without Bascule."""

    def __init__(self, run):
        text = lzma.open(real("bookcrossing/layout/BX-Book-Ratings.csv.xz")).read()
        rows = re.findall(r'^"(.*?)";"(.*?)";"(.*?)"$', text.decode("latin-1"), re.M)[1:]
        liked = [(user, isbn, int(rating)) for user, isbn, rating in rows if int(rating) > 5]
        counts = {}
        for _, isbn, _ in liked:
            counts[isbn] = counts.get(isbn, 0) + 1
        liked = [row for row in liked if counts[row[1]] > 2]
        # Only the numbering is the program's: it decides ties.
        self.items = ids(run / "items.tsv")
        self.users = ids(run / "users.tsv")
        self.item = {name: i for i, name in enumerate(self.items)}
        self.user = {name: i for i, name in enumerate(self.users)}
        self.matrix = scipy.sparse.csr_matrix(
            ([float(r[2]) for r in liked],
             ([self.user[r[0]] for r in liked], [self.item[r[1]] for r in liked])),
            shape=(len(self.users), len(self.items)))
        self.ratings = len(liked)
        self.columns = self.matrix.tocsc()
        self.norms = np.sqrt(np.asarray(self.matrix.multiply(self.matrix).sum(axis=0)).ravel())

    def similarities(self, item):
        """Cosines of `item` with all items; 0 with itself."""
        products = (self.columns[:, item].T @ self.matrix).toarray().ravel()
        cosines = products / (self.norms * self.norms[item])
        cosines[item] = 0
        return cosines

    @functools.lru_cache(maxsize=None)
    def list_of(self, item, length=100):
        """The nearest items as the model keeps them: ties to the lower index."""
        cosines = self.similarities(item)
        order = np.lexsort((np.arange(len(cosines)), -np.round(cosines, 12)))[:length]
        return {i: cosines[i] for i in order if cosines[i] > 0}

    def scores(self, history):
        """For every item j the sum of r_ui * s_ji over the items i of {item: rating} that are among the 100
        nearest of j."""
        scores = np.zeros(len(self.items))
        for item, rating in history.items():
            for other in np.flatnonzero(self.similarities(item)):
                scores[other] += rating * self.list_of(other).get(item, 0)
        return scores


def ids(path):
    return [line.split("\t")[0] for line in path.read_text("utf-8").splitlines()[1:]]


@pytest.fixture(scope="module")
def reference(books):
    return Reference(books[0])


def check(items, scores, numbers, left_out=()):
    """`items` are the best of `scores`: the same numbers, and the same order but for ties."""
    scores = scores.copy()
    scores[list(left_out)] = 0
    best = np.sort(scores)[::-1][:len(items)]
    assert [item["score"] for item in items] == pytest.approx(best, rel=1e-6, abs=1e-6)
    for item in items:
        index = numbers[item["id"]]
        assert index not in left_out
        assert item["score"] == pytest.approx(scores[index], rel=1e-6, abs=1e-6), item
    assert len({item["id"] for item in items}) == len(items)
    # Of exactly equal scores the lower number comes first.
    for before, after in zip(items, items[1:]):
        if before["score"] == after["score"]:
            assert numbers[before["id"]] < numbers[after["id"]]


def test_counts(books, reference):
    assert books[1]["interactions"] == reference.ratings == 190528
    assert books[1]["items"] == len(reference.items) == 22770
    assert books[1]["users"] == len(reference.users) == 45833
    assert {"read", "index", "neighbors"} <= set(books[1]["seconds"])


def test_harry_potter(books, reference):
    answer = ok("recommend", books[0], "--item", POTTER, "-k", 10, "--json").json
    assert answer["device"] == "cpu" and answer["seconds"]
    check(answer["items"], reference.similarities(reference.item[POTTER]), reference.item)
    titles = [item["title"] for item in answer["items"]]
    assert titles[0] == "Harry Potter and the Chamber of Secrets (Book 2)"
    assert all(title.startswith("Harry Potter") for title in titles[:7])
    table = ok("recommend", books[0], "--item", POTTER).out
    assert "Harry Potter and the Sorcerer's Stone" in table.splitlines()[0]
    for item in answer["items"]:
        assert item["id"] in table and f"{item['score']:.4f}" in table


def test_random_books_every_way(books, reference):
    chosen = random.Random(4).sample(reference.items, 20)
    for isbn in chosen + [reference.items[int(np.diff(reference.columns.indptr).argmax())]]:
        cosines = reference.similarities(reference.item[isbn])
        stored = ok("recommend", books[0], "--item", isbn, "-k", 25, "--json").json["items"]
        check(stored, cosines, reference.item)
        assert len(stored) == min(25, np.count_nonzero(cosines))
        sparse = ok("recommend", books[0], "--item", isbn, "-k", 25, "--compute", "sparse",
                    "--json").json
        assert sparse["items"] == stored
        assert {"index", "first_query", "steady_query"} <= set(sparse["seconds"])


def test_more_than_is_stored(books, reference):
    items = ok("recommend", books[0], "--item", POTTER, "-k", 1000, "--json").json["items"]
    assert len(items) == 1000
    check(items, reference.similarities(reference.item[POTTER]), reference.item)


def test_include_self_comes_first(books):
    without = ok("recommend", books[0], "--item", POTTER, "-k", 9, "--json").json["items"]
    for compute in ("stored", "sparse"):
        items = ok("recommend", books[0], "--item", POTTER, "--include-self", "--compute", compute,
                   "--json").json["items"]
        assert items[0]["id"] == POTTER
        assert items[0]["score"] == pytest.approx(1.0, abs=1e-6)
        assert items[1:] == without


def test_dense_agrees(taste, tmp_path):
    (tmp_path / "spec.toml").write_text(spec(taste))
    ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet")
    for item in ids(tmp_path / "run/items.tsv")[::60]:
        answers = [ok("recommend", tmp_path / "run", "--item", item, "-k", 40, "--compute", compute,
                      "--json").json["items"] for compute in ("stored", "sparse", "dense")]
        assert answers[0] == answers[1]
        assert [i["score"] for i in answers[2]] == pytest.approx(
            [i["score"] for i in answers[0]], abs=1e-6)
        assert {i["id"] for i in answers[2][:30]} <= {i["id"] for i in answers[0]}
    refused(2, "recommend", books_with_shrinkage(taste, tmp_path), "--item", item, "--compute",
            "dense", says="dense")


def books_with_shrinkage(taste, tmp_path):
    ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "shrunk", "--quiet", "--set",
       "model.shrinkage=10")
    return tmp_path / "shrunk"


def test_history(books, reference):
    for size in (1, 2, 5):
        history = [POTTER] + random.Random(size).sample(reference.items, size - 1)
        numbers = [reference.item[isbn] for isbn in history]
        scores = reference.scores(dict.fromkeys(numbers, 1.0))
        items = ok("recommend", books[0], "--history", ",".join(history), "-k", 30,
                   "--json").json["items"]
        check(items, scores, reference.item, left_out=numbers)
        seen = ok("recommend", books[0], "--history", ",".join(history), "-k", 30,
                  "--include-seen", "--json").json["items"]
        check(seen, scores, reference.item)
    twice = ok("recommend", books[0], "--history", f"{POTTER},{POTTER}", "--json").json["items"]
    assert twice == ok("recommend", books[0], "--history", POTTER, "--json").json["items"]


def test_user(books, reference):
    lengths = np.diff(reference.matrix.indptr)
    users = [int(np.flatnonzero(lengths == n)[0]) for n in (1, 2, 7, 30)]
    for user in users:
        row = reference.matrix[user]
        history = dict(zip(row.indices.tolist(), row.data.tolist()))
        scores = reference.scores(history)
        items = ok("recommend", books[0], "--user", reference.users[user], "-k", 20,
                   "--json").json["items"]
        check(items, scores, reference.item, left_out=list(history))
        seen = ok("recommend", books[0], "--user", reference.users[user], "-k", 20,
                  "--include-seen", "--json").json["items"]
        check(seen, scores, reference.item)


def passing(items, allowed=None, denied=()):
    return [item for item in items if (allowed is None or item["id"] in allowed) and item["id"] not in denied]


@pytest.mark.parametrize("query", [("--item", POTTER), ("--history", POTTER), ("--item", POTTER, "--compute", "sparse")])
def test_allow_and_deny(books, reference, tmp_path, query):
    """The lists are the full ones, less what may not be there; beyond the stored neighbours, too."""
    everything = ok("recommend", books[0], *query, "-k", 20000, "--json").json["items"]
    assert len(everything) > 60
    few = [everything[at]["id"] for at in (3, 17, len(everything) // 2, len(everything) - 1)]
    answer = ok("recommend", books[0], *query, "--allow", ",".join(few), "--json").json
    assert answer["items"] == passing(everything, few)
    assert answer["query"]["allow"] == {"items": 4, "unknown": 0}
    allowed = {item["id"] for item in everything[::2]}
    denied = {item["id"] for item in everything[:40:3]}
    (tmp_path / "allow.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(sorted(allowed) + ["", "no such book"]).encode())
    (tmp_path / "deny.txt").write_text("\n".join(denied))
    done = ok("recommend", books[0], *query, "--allow", f"@{tmp_path / 'allow.txt'}", "--deny", f"@{tmp_path / 'deny.txt'}",
              "-k", 15, "--json")
    assert done.json["items"] == passing(everything, allowed, denied)[:15]
    assert done.json["query"]["allow"] == {"items": len(allowed), "unknown": 1}
    assert f"allow.txt: 1 of its {len(allowed) + 1} items are not in" in done.err and "no such book" in done.err
    first = everything[0]["id"]
    assert ok("recommend", books[0], *query, "--deny", first, "--json").json["items"] == passing(everything, None, [first])[:10]


def test_refuses_lists(books, tmp_path):
    (tmp_path / "none.txt").write_text("nothing\nthat is there\n")
    (tmp_path / "empty.txt").write_text("")
    for option in ("--allow", "--deny"):
        refused(2, "recommend", books[0], "--item", POTTER, option, f"{POTTER},no such book", says=[option, "no such book"])
        refused(2, "recommend", books[0], "--item", POTTER, option, f"{POTTER},", says=option)
        refused(2, "recommend", books[0], "--item", POTTER, option, "", says=option)
        refused(3, "recommend", books[0], "--item", POTTER, option, f"@{tmp_path / 'away.txt'}", says="away.txt")
        refused(3, "recommend", books[0], "--item", POTTER, option, f"@{tmp_path}", says=tmp_path)
    for name in ("none.txt", "empty.txt"):
        refused(2, "recommend", books[0], "--item", POTTER, "--allow", f"@{tmp_path / name}", says=["--allow", name])
    assert ok("recommend", books[0], "--item", POTTER, "--deny", f"@{tmp_path / 'empty.txt'}", "--json").json["items"]
