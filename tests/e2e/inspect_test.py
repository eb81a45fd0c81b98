"""data inspect: layouts, malformed rows with their lines, compression, pandas mode."""
import gzip
import lzma
import subprocess

import pytest

from conftest import RATINGS, ok, real, refused

MALFORMED = """user,item,rating,timestamp
a,x,5,1
a,y
b,x,five,2
b,y,4,3

c,,3,4
c,z,2,5,6
c,"w,3,6
a,x,1,7
d,x,nan,8
"""


def inspected(path, *arguments):
    return ok("data", "inspect", path, "--json", "--quiet", *arguments).json


def test_json_of_a_good_file(small):
    found = inspected(small / "ratings.csv")
    assert {"format", "encoding", "rows", "malformed", "users", "items", "duplicates",
            "histogram"} <= set(found)
    assert (found["rows"], found["good"], found["users"], found["items"]) == (13, 13, 6, 5)
    assert found["malformed"] == {} and found["duplicates"] == 0
    assert found["histogram"] == {"1": 1, "2": 2, "3": 2, "4": 4, "5": 4}
    assert found["density"] == pytest.approx(13 / 30)
    assert found["time"] == [100, 112]
    table = ok("data", "inspect", small / "ratings.csv").out
    assert "users       6" in table and "####" in table


def test_malformed_rows_are_counted_with_their_lines(tmp_path):
    file = tmp_path / "ratings.csv"
    file.write_text(MALFORMED)
    found = inspected(file)
    assert found["good"] + sum(found["malformed"].values()) == found["rows"]
    lines = {kind: [example["line"] for example in examples]
             for kind, examples in found["examples"].items()}
    assert lines["too_few_fields"][0] == 3
    assert 4 in lines["bad_rating"] and 11 in lines["bad_rating"]
    assert 7 in lines["empty_id"]
    assert lines["too_many_fields"] == [8]
    assert 9 in lines["unclosed_quote"]
    assert found["duplicates"] == 1  # a, x again
    assert all(example["file"] == str(file) for examples in found["examples"].values()
               for example in examples)
    text = ok("data", "inspect", file).out
    assert f"{file}:4" in text


def test_strict_names_file_and_line(tmp_path):
    file = tmp_path / "ratings.csv"
    file.write_text(MALFORMED)
    refused(3, "data", "inspect", file, "--strict", says=f"{file}:3")
    spec = tmp_path / "spec.toml"
    spec.write_text(f'[data]\npath = "{file}"\nstrict = true\n')
    refused(3, "fit", spec, "--out", tmp_path / "run", "--quiet", says=f"{file}:3")
    assert not (tmp_path / "run").exists()


def compressed(kind, data, path):
    if kind == "gz":
        return gzip.compress(data)
    if kind == "xz":
        return lzma.compress(data)
    return subprocess.run(["zstd", "-c"], input=data, capture_output=True, check=True).stdout


@pytest.mark.parametrize("kind", ["gz", "xz", "zst"])
@pytest.mark.parametrize("text", [RATINGS, MALFORMED], ids=["good", "malformed"])
def test_compressed(kind, text, tmp_path):
    plain = tmp_path / "ratings.csv"
    plain.write_text(text)
    packed = tmp_path / f"ratings.csv.{kind}"
    packed.write_bytes(compressed(kind, text.encode(), packed))
    renamed = tmp_path / "renamed.csv"  # told by content, not by name
    renamed.write_bytes(packed.read_bytes())
    expected = inspected(plain)
    for path in (packed, renamed):
        found = inspected(path)
        for key in set(expected) - {"files", "examples"}:
            assert found[key] == expected[key], key
    packed.write_bytes(packed.read_bytes()[:-9])
    refused(3, "data", "inspect", packed, says=packed.name)


def test_named_columns(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("when,stars,what,who\n1,5,x,ann\n2,4,y,ann\n3,3,x,bob\n")
    refused(3, "data", "inspect", file, says=[file, "who"])
    found = inspected(file, "--user-column", "who", "--item-column", "what", "--rating-column",
                      "stars", "--time-column", "when")
    assert (found["users"], found["items"], found["time"]) == (2, 2, [1, 3])
    refused(3, "data", "inspect", file, "--user-column", "whom", "--item-column", "what",
            "--rating-column", "stars", says="whom")


def test_malformed_examples():
    file = real("bookcrossing/layout/malformed-examples.csv")
    found = inspected(file)
    assert (found["holds"], found["rows"], found["good"], found["items"]) == ("titles", 11, 10, 9)
    assert found["malformed"] == {"too_few_fields": 1} and found["duplicates"] == 1
    assert found["examples"]["too_few_fields"][0]["line"] == 11
    pandas = inspected(file, "--pandas")
    assert pandas["good"] == 9
    assert [e["line"] for e in pandas["examples"]["too_many_fields"]] == [5, 6]
    refused(3, "data", "inspect", file, "--strict", says=f"{file}:11")
    assert "11" in ok("data", "inspect", file).out


def test_books():
    ratings = inspected(real("bookcrossing/layout/BX-Book-Ratings.csv.xz"))
    assert ratings["format"] == "bookcrossing" and ratings["malformed"] == {}
    assert (ratings["rows"], ratings["users"], ratings["items"]) == (230936, 51759, 27109)
    assert [ratings["histogram"][str(r)] for r in range(1, 11)] == [
        810, 1353, 2958, 4395, 23245, 18534, 40283, 57616, 38980, 42762]
    pandas = inspected(real("bookcrossing/layout/BX-Book-Ratings.csv.xz"), "--pandas")
    assert pandas["good"] == 230936
    titles = inspected(real("bookcrossing/layout/BX-Books.csv.xz"), "--pandas")
    assert titles["good"] == 27108
    assert titles["examples"]["too_many_fields"][0]["line"] == 16580
    assert inspected(real("bookcrossing/layout/BX-Books.csv.xz"))["good"] == 27109
    whole = inspected("bookcrossing")
    assert (whole["rows"], whole["duplicates"]) == (230936, 0)


@pytest.mark.parametrize("name, rows, users, items", [
    ("ml-100k", 100000, 943, 1682), ("ml-latest-small", 100836, 610, 9724),
    ("ml-1m-ge3", 836478, 6039, 3628), ("ml-20m-sample", 1000, 28, 309)])
def test_films(name, rows, users, items):
    real(f"movielens/{name}")
    found = inspected(name)
    assert (found["rows"], found["users"], found["items"]) == (rows, users, items)
    assert found["malformed"] == {}
