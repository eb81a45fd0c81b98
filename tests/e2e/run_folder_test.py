"""What a fit writes: the files of a run, reproducibly, and whole whenever it is killed."""
import json
import random
import struct
import subprocess
import time
import tomllib

import pytest

from conftest import PROGRAM, ok, run, spec


def digest(folder):
    return {name: (folder / name).read_bytes() for name in
            ("model.safetensors", "items.tsv", "users.tsv")}


def test_contents(small, small_run):
    names = {path.name for path in small_run.iterdir()}
    assert {"spec.toml", "model.safetensors", "items.tsv", "users.tsv", "history.jsonl",
            "report.html", "run.json"} <= names
    events = [name for name in names if name.startswith("events.out.tfevents.")]
    assert len(events) == 1
    assert len(names) == 8, names

    with open(small_run / "spec.toml", "rb") as file:
        written = tomllib.load(file)
    assert written["seed"] == 1
    assert written["data"]["path"] == str(small / "ratings.csv")
    assert written["model"] == {"type": "item-knn", "similarity": "cosine", "neighbors": 100,
                                "shrinkage": 0.0, "alpha": 0.5, "weighting": "raw", "bm25_k1": 1.2,
                                "bm25_b": 0.75, "l2": 500.0, "l1": 1.0, "candidates": 0,
                                "tolerance": 0.0001, "transition_exponent": 0.8,
                                "popularity_exponent": 0.5, "normalise": True,
                                "unobserved": 0.1, "factor_l2": 0.003,
                                "sampled_softmax": 0, "sampling_exponent": 0.75,
                                "frequency_exponent": 1.0, "latent": 200, "width": 600, "depth": 5,
                                "beta": 0.2, "gamma": 0.005, "anneal_steps": 0, "anneal_share": 0.85}
    assert written["bascule"]["version"] in ok("--version").out
    assert written["bascule"]["commit"] in ok("--version").out

    assert (small_run / "items.tsv").read_text("utf-8").splitlines() == [
        "id\ttitle", "f1\tOne", "f2\tTwo, the second", "f3\tThree", "f4\tCaf\u00e9 Four", "f5\tFive"]
    assert (small_run / "users.tsv").read_text().split() == [
        "id", "ann", "bob", "cat", "dan", "eve", "fay"]
    history = [json.loads(line) for line in
               (small_run / "history.jsonl").read_text().splitlines()]
    assert len(history) == 1 and history[0]["epoch"] == 0
    assert "neighbors" in dict(history[0]["seconds"])
    report = (small_run / "report.html").read_text("utf-8")
    assert report.startswith("<!DOCTYPE html>") and "<svg" in report
    assert "http://" not in report.replace("http://www.w3.org", "") and "<script" not in report


def test_event_file(small_run):
    """Records of TensorBoard: length, its checksum, a message, its checksum."""
    data = next(small_run.glob("events.out.tfevents.*")).read_bytes()
    records, at = [], 0
    while at < len(data):
        length = struct.unpack_from("<Q", data, at)[0]
        records.append(data[at + 12:at + 12 + length])
        at += 16 + length
    assert at == len(data)
    assert b"brain.Event:2" in records[0]
    for stage in (b"seconds/read", b"seconds/index", b"seconds/neighbors"):
        assert sum(stage in record for record in records) == 1


def test_the_written_spec_fits_the_same_model(taste, tmp_path):
    (tmp_path / "spec.toml").write_text(spec(taste, "min_rating = 2\n[model]\nshrinkage = 0.1\n"
                                                    'weighting = "bm25"\n'))
    ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "a", "--quiet", "--seed", 4)
    for threads in (1, 2, 5):
        again = tmp_path / f"b{threads}"
        ok("fit", tmp_path / "a/spec.toml", "--out", again, "--quiet", "--threads", threads)
        assert digest(again) == digest(tmp_path / "a")
        assert (again / "spec.toml").read_text() == (tmp_path / "a/spec.toml").read_text()


def test_default_folder_and_fitting_over_a_run(small, tmp_path):
    (tmp_path / "mine.toml").write_text((small / "spec.toml").read_text())
    first = ok("fit", "mine.toml", "--json", "--quiet", cwd=tmp_path).json
    assert first["run"] == "runs/mine"
    ok("fit", "mine.toml", "--quiet", "--set", "model.type=popularity", cwd=tmp_path)
    names = [path.name for path in (tmp_path / "runs/mine").iterdir()]
    assert len([name for name in names if name.startswith("events.")]) == 1
    items = ok("recommend", tmp_path / "runs/mine", "--history", "f1", "--json").json["items"]
    assert [item["id"] for item in items] == ["f2", "f3", "f4", "f5"]
    assert [item["score"] for item in items] == [3, 3, 3, 1]


@pytest.mark.parametrize("model", ["item-knn", "user-knn", "popularity", "slim", "rp3beta"])
def test_every_model_can_be_saved_and_asked(model, small, tmp_path):
    ok("fit", small / "spec.toml", "--out", tmp_path / "run", "--quiet", "--set",
       f"model.type={model}", "--set", "model.l2=1.0", "--set", "model.l1=0.1")
    for query in (["--user", "ann"], ["--history", "f1,f2"]):
        items = ok("recommend", tmp_path / "run", *query, "--json").json["items"]
        assert items and not {"f1", "f2"} & {item["id"] for item in items}
        assert all(item["title"] for item in items)
    similar = run("recommend", tmp_path / "run", "--item", "f1", "--json")
    assert similar.code == (2 if model in ("user-knn", "popularity") else 0)


def test_killed_at_any_moment(taste, tmp_path):
    """Two specs are fitted over one run in turns and killed: what is left is one of them, whole, or
    says that it is not complete."""
    specs, answers = [], []
    for number, neighbors in enumerate((20, 60)):
        specs.append(tmp_path / f"{number}.toml")
        specs[-1].write_text(spec(taste, f"[model]\nneighbors = {neighbors}\n"))
        seconds = time.monotonic()
        ok("fit", specs[-1], "--out", tmp_path / f"run{number}", "--quiet")
        seconds = time.monotonic() - seconds
        answers.append([ok("recommend", tmp_path / f"run{number}", *query, "-k", 15, "--json")
                        .json["items"] for query in (["--item", "1"], ["--user", "1"])])
    assert answers[0] != answers[1]
    target = tmp_path / "target"
    ok("fit", specs[0], "--out", target, "--quiet")
    moments = random.Random(11)
    outcomes = []
    for turn in range(20):
        with subprocess.Popen([PROGRAM, "fit", specs[(turn + 1) % 2], "--out", target, "--quiet"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(moments.uniform(0.3, 1.1) * seconds)
            process.kill()
        done = [run("recommend", target, *query, "-k", 15, "--json")
                for query in (["--item", "1"], ["--user", "1"])]
        if done[0].code == 0:
            assert [one.json["items"] for one in done] in answers
            ok("summary", target, "--verify", "--quiet")
        else:
            for one in done:
                assert one.code == 3
                assert "run.json: the run is not complete" in one.err, one.err
        outcomes.append(done[0].code)
    ok("fit", specs[1], "--out", target, "--quiet")
    assert digest(target) == digest(tmp_path / "run1")
    assert not [path for path in target.iterdir() if path.name.startswith(".")]
