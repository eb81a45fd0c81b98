"""A search: what it tries, what it leaves, and that it goes on where it was stopped."""
import json
import random
import signal
import subprocess
import time
import tomllib

import pytest

from conftest import PROGRAM, ok, real, refused, run, spec

HELDOUT = "[evaluate]\nheldout = 150\n"
RANGES = '[tune]\nmetric = "recall@20"\n[tune.ranges]\n"model.l2" = { low = 1.0, high = 10000.0, scale = "log" }\n'
VAE = '[model]\ntype = "mult-dae"\nlatent = 16\n[train]\nepochs = 2\nbatch_size = 100\n' + HELDOUT


@pytest.fixture(scope="module")
def ease(taste, tmp_path_factory):
    path = tmp_path_factory.mktemp("tune") / "mine.toml"
    path.write_text(spec(taste / "ratings.csv", '[model]\ntype = "ease"\nl2 = 1.0\n' + HELDOUT))
    return path


@pytest.fixture(scope="module")
def searched(ease, tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched") / "out"
    return folder, ok("tune", ease, "--trials", 12, "--out", folder, "--json", "--quiet").json


def trials(folder):
    """Without the seconds, which are never twice the same."""
    lines = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def value(trial, metric="ndcg@100"):
    return trial["metrics"][metric]["value"]


def test_finds_something_better(searched):
    folder, answer = searched
    done = trials(folder)
    assert [trial["trial"] for trial in done] == list(range(1, 13))
    assert done[0]["parameters"] == {"model.l2": 1.0}, "the first is the spec's own"
    assert all(1 <= trial["parameters"]["model.l2"] <= 10000 for trial in done)
    assert value(answer["best"]) == max(map(value, done)) > value(done[0]) + 0.03
    assert answer["stop"] == "trials" and answer["resumed"] == 0 and answer["unfinished"] is None
    assert answer["metric"] == "ndcg@100" and answer["model"] == "ease" and answer["split"]["test"] > 0
    assert [value(trial) for trial in answer["trials"]] == [value(trial) for trial in done]
    assert {path.name for path in folder.iterdir()} == {"spec.toml", "trials.jsonl", "best.toml", "report.html"}


def test_a_trial_is_what_its_model_is_alone(searched, tmp_path):
    """On the validation users and nobody else: fitted alone, from a Gram matrix of its own."""
    folder, answer = searched
    ok("fit", folder / "best.toml", "--out", tmp_path / "run", "--quiet")
    with open(folder / "best.toml", "rb") as file:
        assert tomllib.load(file)["model"]["l2"] == answer["best"]["parameters"]["model.l2"]
    for part, same in (("valid", True), ("test", False)):
        alone = ok("evaluate", tmp_path / "run", "--set", f"evaluate.part={part}", "--json", "--quiet").json["metrics"]
        for metric, found in answer["best"]["metrics"].items():
            if metric in alone:
                assert (alone[metric]["value"] == found["value"]) == same or metric == "coverage@100", (part, metric)
        assert (alone["ndcg@100"]["stderr"] == answer["best"]["metrics"]["ndcg@100"]["stderr"]) == same


def test_report(searched):
    report = (searched[0] / "report.html").read_text("utf-8")
    assert report.startswith("<!DOCTYPE html>") and report.count("<svg") == 2
    assert "model.l2" in report and "<script" not in report and report.count(">done<") == 11


def test_measures_on_the_validation_users_whatever_the_spec_says(ease, searched, tmp_path):
    again = ok("tune", ease, "--set", "evaluate.part=test", "--set", "evaluate.at=[5]", "--trials", 3,
               "--out", tmp_path / "out", "--json", "--quiet").json
    assert [trial["metrics"] for trial in again["trials"]] == [trial["metrics"] for trial in searched[1]["trials"][:3]]


@pytest.mark.parametrize("threads", [1, 3])
def test_a_seed_and_any_threads_give_the_same(ease, searched, threads, tmp_path):
    ok("tune", ease, "--trials", 12, "--out", tmp_path / "out", "--quiet", "--threads", threads)
    assert trials(tmp_path / "out") == trials(searched[0])
    assert (tmp_path / "out/best.toml").read_text() == (searched[0] / "best.toml").read_text()


def test_another_seed_tries_other_points(ease, searched, tmp_path):
    ok("tune", ease, "--trials", 3, "--out", tmp_path / "out", "--quiet", "--seed", 9)
    assert trials(tmp_path / "out")[1]["parameters"] != trials(searched[0])[1]["parameters"]


def test_goes_on_where_it_was(ease, searched, tmp_path):
    out = tmp_path / "out"
    ok("tune", ease, "--trials", 5, "--out", out, "--quiet", "--resume")  # nothing there: from the beginning
    first = (out / "trials.jsonl").read_text()
    refused(2, "tune", ease, "--trials", 12, "--out", out, "--quiet", says=[out, "5 trials", "--resume"])
    (out / "trials.jsonl").write_text(first + '{"trial":6,"status":"do')  # cut short by a crash
    (out / "best.toml").unlink()
    answer = ok("tune", ease, "--trials", 12, "--out", out, "--json", "--quiet", "--resume").json
    assert (out / "trials.jsonl").read_text().startswith(first)
    assert trials(out) == trials(searched[0]) and answer["resumed"] == 5
    assert (out / "best.toml").read_text() == (searched[0] / "best.toml").read_text()
    done = ok("tune", ease, "--trials", 2, "--out", out, "--resume")
    assert len(trials(out)) == 12 and "bascule fit" in done.out


def test_killed_at_any_moment(ease, searched, tmp_path):
    out, moments = tmp_path / "out", random.Random(4)
    for _ in range(12):
        with subprocess.Popen([PROGRAM, "tune", ease, "--trials", "12", "--out", out, "--resume", "--quiet"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(moments.uniform(0.02, 0.25))
            process.kill()
    ok("tune", ease, "--trials", 12, "--out", out, "--resume", "--quiet")
    assert trials(out) == trials(searched[0])
    assert (out / "best.toml").read_text() == (searched[0] / "best.toml").read_text()
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_interrupted(taste, tmp_path):
    path, out = tmp_path / "spec.toml", tmp_path / "out"
    path.write_text(spec(taste / "ratings.csv", VAE))
    options = ["tune", path, "--range", "train.epochs=2,1000000", "--trials", "2", "--out", out]
    with subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while b"trial 1" not in process.stderr.readline():
            pass
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        left, said = process.communicate(timeout=60)
    assert process.returncode == 130 and left == b""
    assert b"interrupted after 1 trials" in said and b"--resume" in said
    assert len(trials(out)) == 1 and (out / "best.toml").exists()


def test_the_budget_ends_it(taste, tmp_path):
    """A trial at work is stopped and does not count, and is said to."""
    path, out = tmp_path / "spec.toml", tmp_path / "out"
    path.write_text(spec(taste / "ratings.csv", VAE))
    options = ["tune", path, "--range", "train.epochs=2,1000000", "--budget", "0.06", "--out", out]
    answer = ok(*options, "--json", "--quiet").json
    assert answer["stop"] == "budget" and len(answer["trials"]) == 1 == len(trials(out))
    assert answer["unfinished"]["status"] == "unfinished" and answer["unfinished"]["epochs"] > 0
    assert answer["unfinished"]["parameters"] == {"train.epochs": 1000000}
    assert "not finished within the budget" in (out / "report.html").read_text()
    assert "trial 2 was not finished" in ok(*options, "--resume").out
    done = run(*options[:-1], tmp_path / "none", "--set", "train.epochs=1000000", "--quiet")
    assert done.code == 1 and "before the first trial" in done.err
    assert ok("tune", path, "--budget", 10, "--trials", 2, "--out", tmp_path / "few", "--json", "--quiet").json["stop"] == "trials"


def test_every_choice_once(ease, tmp_path):
    answer = ok("tune", ease, "--range", "model.l2=10,100,1000", "--trials", 9, "--out", tmp_path / "out", "--json",
                "--quiet").json
    assert answer["stop"] == "exhausted"
    assert sorted(trial["parameters"]["model.l2"] for trial in answer["trials"]) == [10, 100, 1000]
    assert "every combination was tried" in ok("tune", ease, "--out", tmp_path / "out", "--resume", "--range",
                                               "model.l2=10,100,1000").out


def test_failures_are_trials(taste, tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(spec(taste / "ratings.csv", VAE))
    # A rate at which sums overflow: at 1e25 it depends on their order, so on the processor and the seed.
    some = ok("tune", path, "--range", "train.optimizer.lr=0.001,1e38", "--out", tmp_path / "some", "--json", "--quiet").json
    assert [trial["status"] for trial in some["trials"]] == ["done", "failed"]
    assert "the loss became" in some["trials"][1]["message"] and some["best"]["trial"] == 1
    assert "failed: the loss" in (tmp_path / "some/report.html").read_text()
    ok("tune", path, "--range", "train.optimizer.lr=0.001,1e38", "--out", tmp_path / "some", "--quiet", "--resume")
    refused(1, "tune", path, "--range", "train.optimizer.lr=1e37:1e38:log", "--trials", 2, "--out", tmp_path / "all", "--quiet",
            says=["none of 2 trials", "the loss became"])
    assert len(trials(tmp_path / "all")) == 2 and not (tmp_path / "all/best.toml").exists()


@pytest.mark.parametrize("model", ["item-knn", "user-knn", "edlae", "slim", "rp3beta", "ials", "elsa", "mult-vae", "mult-dae", "recvae"])
def test_every_model_has_ranges_of_its_own(model, taste, tmp_path):
    (tmp_path / "spec.toml").write_text(spec(
        taste / "ratings.csv", f'[model]\ntype = "{model}"\n[train]\nepochs = 2\nbatch_size = 100\n' + HELDOUT))
    answer = ok("tune", tmp_path / "spec.toml", "--trials", 3, "--out", tmp_path / "out", "--json", "--quiet").json
    assert len(answer["trials"]) == 3 and all(trial["status"] == "done" for trial in answer["trials"])
    assert len({json.dumps(trial["parameters"]) for trial in answer["trials"]}) == 3
    ok("fit", tmp_path / "out/best.toml", "--out", tmp_path / "run", "--quiet")
    again = ok("evaluate", tmp_path / "run", "--set", "evaluate.part=valid", "--json", "--quiet").json
    assert again["metrics"]["ndcg@100"]["value"] == pytest.approx(value(answer["best"]), abs=1e-12)


def test_a_spec_says_what_is_searched(taste, tmp_path):
    path, out = tmp_path / "mine.toml", tmp_path / "runs/mine-tune"
    path.write_text(spec(taste / "ratings.csv", '[model]\ntype = "ease"\n' + HELDOUT + RANGES.replace("[tune]", "[tune]\ntrials = 3")))
    answer = ok("tune", path, "--json", "--quiet", cwd=tmp_path).json
    assert answer["out"] == "runs/mine-tune" and answer["metric"] == "recall@20" and len(trials(out)) == 3
    assert value(answer["best"], "recall@20") == max(value(trial, "recall@20") for trial in answer["trials"])
    other = ok("tune", path, "--metric", "map@5", "--trials", 2, "--out", tmp_path / "other", "--json", "--quiet").json
    assert other["metric"] == "map@5" and len(other["trials"]) == 2 and "map@5" in other["best"]["metrics"]
    # What it wrote is a spec as well, and the table is none of the other verbs' business.
    again = ok("tune", out / "spec.toml", "--trials", 3, "--out", tmp_path / "again", "--quiet")
    assert trials(tmp_path / "again") == trials(out) and again.err == ""
    ok("fit", path, "--out", tmp_path / "run", "--quiet")
    assert "tune" not in (tmp_path / "run/spec.toml").read_text()
    ok("summary", path, "--quiet")
    ok("compare", path, "--quiet")


@pytest.mark.parametrize("change, says", [
    (["--set", "model.type=edlae"], "model.dropout was not given and is 0.33 now"),
    (["--set", "model.l2=2.0"], ["model.l2 was 1.0 and is 2.0 now", "spec.toml"]),
    (["--set", "data.min_rating=2"], "data.min_rating was -inf"),
    (["--set", "evaluate.heldout=140"], "evaluate.heldout was 150"),
    (["--seed", 2], "seed was 1"),
    (["--metric", "ndcg@10"], "tune.metric was 'ndcg@100'"),
    (["--range", "model.l2=1:1000:log"], "tune.ranges.model.l2.high was 10000.0"),
    (["--range", "model.l2=1:10000"], "tune.ranges.model.l2.scale was 'log' and is not given now")], ids=range(8))
def test_goes_on_with_nothing_else(change, says, ease, searched):
    before = (searched[0] / "trials.jsonl").read_bytes()
    refused(2, "tune", ease, *change, "--out", searched[0], "--resume", "--quiet", says=says)
    assert (searched[0] / "trials.jsonl").read_bytes() == before


def test_goes_on_with_the_same_data_only(ease, taste, tmp_path):
    data, out = tmp_path / "data.csv", tmp_path / "out"
    text = (taste / "ratings.csv").read_text().splitlines(keepends=True)
    data.write_text("".join(text))
    ok("tune", ease, "--set", f"data.path={data}", "--trials", 2, "--out", out, "--quiet")
    moved = data.rename(tmp_path / "moved.csv")
    ok("tune", ease, "--set", f"data.path={moved}", "--trials", 3, "--out", out, "--quiet", "--resume")
    moved.write_text("".join(text[:-1]))
    refused(2, "tune", ease, "--set", f"data.path={moved}", "--out", out, "--resume", "--quiet",
            says=["tune.data was", "data or split have changed"])


@pytest.mark.parametrize("name, old, new, says", [
    ("trials.jsonl", '"trial":2', '"trial":3', "trials.jsonl:2: is not trial 2"),
    ("trials.jsonl", '{"trial":2', '"trial":2', "trials.jsonl:2: is not JSON"),
    ("trials.jsonl", '"model.l2":', '"model.l2":-', "trials.jsonl:1: model.l2 is not in its range"),
    ("trials.jsonl", "ndcg@100", "ndcg@99", "trials.jsonl:1: lacks ndcg@100"),
    ("trials.jsonl", '{"trial":1', "[" * 100000, "trials.jsonl:1: is not JSON"),
    ("trials.jsonl", "done", "\x00", "trials.jsonl:1: "),
    ("spec.toml", "[tune]", "[tune", "spec.toml:")], ids=range(7))
def test_damage(name, old, new, says, ease, searched, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for path in searched[0].iterdir():
        (out / path.name).write_bytes(path.read_bytes())
    text = (out / name).read_text()
    assert old in text
    (out / name).write_text(text.replace(old, new, 1))
    refused(3, "tune", ease, "--out", out, "--resume", "--quiet", says=[out, says])
    (out / name).unlink()
    if name == "spec.toml":
        refused(3, "tune", ease, "--out", out, "--resume", "--quiet", says=out / name)


HOSTILE = {
    "unknown key": ('[tune.ranges]\n"model.l3" = { low = 1.0, high = 2.0 }\n', ["mine.toml:10", "model.l3", "did you mean model.l2?"]),
    "key of another model": ('[tune.ranges]\n"model.factors" = { low = 1, high = 2 }\n', ["mine.toml:10", "no option of ease"]),
    "data": ('[tune.ranges]\n"data.min_rating" = { low = 1, high = 2 }\n', ["mine.toml:10", "data.min_rating"]),
    "split": ('[tune.ranges]\n"evaluate.fraction" = { low = 0.1, high = 0.2 }\n', ["mine.toml:10", "evaluate.fraction"]),
    "seed": ("[tune.ranges]\nseed = { low = 1, high = 2 }\n", ["mine.toml:10", "seed"]),
    "beyond the key": ('[tune.ranges]\n"model.l2" = { low = -1.0, high = 2.0 }\n', ["mine.toml:10", "model.l2 = -1.0"]),
    "type": ('[tune.ranges]\n"model.l2" = { low = "a", high = 2.0 }\n', ["mine.toml:10", "model.l2"]),
    "upside down": ('[tune.ranges]\n"model.l2" = { low = 3.0, high = 2.0 }\n', ["mine.toml:10", "model.l2"]),
    "not finite": ('[tune.ranges]\n"model.l2" = { low = 1.0, high = nan }\n', ["mine.toml:10", "model.l2"]),
    "field": ('[tune.ranges]\n"model.l2" = { low = 1.0, hgih = 3.0 }\n', ["mine.toml:10", "did you mean high?"]),
    "many": ("[tune.ranges]\n" + "".join(f"k{i}.low = 1\n" for i in range(5000)), ["mine.toml:", "more than 32 ranges"]),
    "choices": (f'[tune.ranges]\n"model.l2".choices = {list(range(1, 5000))}\n', ["mine.toml:10", "more than 100 choices"]),
    "deep": ('[tune.ranges]\n"model.l2".choices = ' + "[" * 20000, "mine.toml:10"),
    "dots": ("[tune.ranges]\na" + ".a" * 100000 + " = 1\n", "dots"),
    "trials": ("[tune]\ntrials = 9223372036854775807\n", ["mine.toml:10", "tune.trials"]),
    "metric": ('[tune]\nmetric = "ndcg"\n', ["mine.toml:10", "tune.metric", "name@K"]),
    "word": ("[tune]\ntrails = 3\n", ["mine.toml:10", "did you mean tune.trials?"]),
    "no table": ("[[tune]]\ntrials = 3\n", "mine.toml:10")}


@pytest.mark.parametrize("case", HOSTILE)
def test_specs(case, ease, tmp_path):
    text, says = HOSTILE[case]
    (tmp_path / "mine.toml").write_text(ease.read_text() + text)
    done = refused(2, "tune", tmp_path / "mine.toml", "--out", tmp_path / "out", "--quiet", says=says)
    assert len(done.err) < 2000 and not (tmp_path / "out").exists()


def test_refuses(ease, small_run, small, tmp_path):
    out = ["--out", tmp_path / "out", "--quiet"]
    refused(2, "tune", "fashion-mlp", *out, says=["fashion-mlp", "classify"])
    refused(2, "tune", "ml-20m-popularity", *out, says="no options")
    refused(2, "tune", ease, "--precision", "bf16", *out, says="ease computes in fp32")
    refused(4, "tune", ease, "--device", "cuda", *out, says="cuda")
    refused(3, "tune", ease, "--set", f"data.path={tmp_path / 'nowhere'}", *out, says="nowhere")
    refused(3, "tune", small / "spec.toml", "--set", "evaluate.min_interactions=500", *out, says="none of the 6 users")
    assert not (tmp_path / "out").exists()
    before = sorted(path.name for path in small_run.iterdir())
    refused(2, "tune", ease, "--out", small_run, "--quiet", says=[small_run, "not a search"])
    assert sorted(path.name for path in small_run.iterdir()) == before
    refused(2, "tune", ease, "--out", ease, "--quiet", says=[ease, "not a folder"])


def test_progress_and_silence(ease, tmp_path):
    loud = ok("tune", ease, "--trials", 2, "--out", tmp_path / "a")
    assert "trial 1*: ndcg@100" in loud.err and "trial 2" in loud.err
    assert "± " in loud.out and f"bascule fit {tmp_path / 'a'}/best.toml" in loud.out
    quiet = ok("tune", ease, "--trials", 2, "--out", tmp_path / "b", "--quiet", "--json")
    assert quiet.err == "" and quiet.json["out"] == str(tmp_path / "b")


def test_lambda_of_movielens(tmp_path):
    """Validation NDCG@100 of EASE on ML-1M is flat from 500 to 1,000 and falls on both sides."""
    real("movielens/ml-1m-ge3")
    answer = ok("tune", "ml-20m-ease", "--set", "data.path=movielens/ml-1m-ge3", "--set", "data.min_rating=0", "--set",
                "evaluate.heldout=600", "--set", "model.l2=20.0", "--trials", 14, "--out", tmp_path / "out", "--json", "--quiet",
                timeout=300).json
    assert 450 < answer["best"]["parameters"]["model.l2"] < 1100
    assert value(answer["best"]) > max(0.467, value(answer["trials"][0]) + 0.04)
