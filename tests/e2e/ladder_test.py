"""The speed-up ladder: what it says, and what it does where a rung cannot be had. No timings are judged."""
import csv
import signal
import subprocess
import time

import pytest

from conftest import PROGRAM, network, ok, refused, spec

RUNGS = ["dense feed", "sparse", "pipeline", "mixed precision", "fused step", "more devices"]
MODEL = '[model]\ntype = "mult-vae"\nhidden = [40]\nlatent = 12\n[train]\nbatch_size = 130\n[evaluate]\nheldout = 150\n'
SHORT = ("--rounds", 2, "--seconds", 0.02, "--quiet")


@pytest.fixture(scope="module")
def path(taste, tmp_path_factory):
    path = tmp_path_factory.mktemp("ladder") / "spec.toml"
    path.write_text(spec(taste / "ratings.csv", MODEL))
    return path


@pytest.mark.parametrize("model", ["mult-vae", "mult-dae"])
def test_says_what_each_rung_is_worth(model, path, taste, tmp_path):
    answer = ok("ladder", path, "--set", f"model.type={model}", *SHORT, "--json", "--csv", tmp_path / "table.csv",
                "--report", tmp_path / "page.html").json
    assert answer["model"] == model and answer["data"] == str(taste / "ratings.csv") and answer["synthetic"]
    assert answer["items"] == 300 and answer["train_users"] < answer["users"] == 1500 and answer["batch_size"] == 130
    assert answer["widths"] == [300, 40, 12, 40, 300]
    assert answer["threads"] >= 1 and answer["rounds"] == 2 and answer["published_product"] == 145
    rungs = {rung["name"]: rung for rung in answer["rungs"]}
    assert list(rungs) == RUNGS
    assert [rung["published"] for rung in rungs.values()] == [None, 12.5, 1.8, 1.8, None, 3.5]

    measured = [rung for rung in rungs.values() if rung["measured"]]
    for rung, before in zip(measured, [None] + measured):
        speed = rung["users_per_second"]
        assert 0 < speed["min"] <= speed["median"] <= speed["max"] and len(speed["rounds"]) == 2
        assert rung["over"] == (before and before["name"])
        assert rung["factor"] == pytest.approx(speed["median"] / (before or rung)["users_per_second"]["median"])
        assert rung["product"] == pytest.approx(speed["median"] / measured[0]["users_per_second"]["median"])
        assert rung["steps"] >= 2 and 0 <= rung["waiting"] <= 1 and rung["planned_bytes"] > 300 * 40 * 4 * 3
    for rung in rungs.values():
        assert rung["what"] and rung["measured"] == ("skipped" not in rung)
    assert "one device" in rungs["more devices"]["skipped"]

    # All learn the same from the same users.
    losses = {name: rung["loss"] for name, rung in rungs.items() if rung["measured"]}
    assert losses["dense feed"] == pytest.approx(losses["sparse"], rel=1e-5)
    assert losses["pipeline"] == losses["sparse"]
    assert losses["fused step"] == pytest.approx(losses["sparse"], rel=1e-2)

    with open(tmp_path / "table.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["rung"] for row in rows] == RUNGS
    for row, rung in zip(rows, rungs.values()):
        if rung["measured"]:
            assert float(row["users_per_second"]) == pytest.approx(rung["users_per_second"]["median"], rel=1e-3)
            assert float(row["product"]) == pytest.approx(rung["product"], rel=1e-3)
        else:
            assert row["users_per_second"] == row["factor"] == ""
    page = (tmp_path / "page.html").read_text("utf-8")
    assert all(name in page for name in RUNGS) and "synthetic" in page and "145×" in page


def test_prints_a_table(path):
    text = ok("ladder", path, *SHORT).out
    for name in RUNGS:
        assert f"\n{name} " in text
    assert "more devices is not measured: there is one device" in text
    assert "(synthetic)" in text and "145× in all" in text and "threads" in text


def test_without_its_note_nobody_knows_that_data_are_synthetic(taste, path, tmp_path):
    (tmp_path / "ratings.csv").write_bytes((taste / "ratings.csv").read_bytes())
    answer = ok("ladder", path, "--set", f"data.path={tmp_path / 'ratings.csv'}", "--rounds", 1, "--seconds", 0.001, "--json").json
    assert answer["synthetic"] is False


def test_skips_what_does_not_fit_into_memory(path, tmp_path):
    ok("data", "make", tmp_path / "wide", "--users", 600, "--items", 3000, "--ratings", 15000)
    wide = ("--set", f"data.path={tmp_path / 'wide'}", "--set", "evaluate.heldout=50")
    whole = {rung["name"]: rung for rung in ok("ladder", path, *wide, *SHORT, "--json").json["rungs"]}
    most = max(rung["planned_bytes"] for name, rung in whole.items() if rung["measured"] and name != "dense feed")
    assert whole["dense feed"]["planned_bytes"] > most
    answer = ok("ladder", path, *wide, *SHORT, "--memory", most * 1e-9, "--json").json["rungs"]
    assert not answer[0]["measured"] and "GB of memory" in answer[0]["skipped"]
    assert answer[1]["measured"] and answer[1]["product"] == 1 and answer[1]["over"] is None
    assert answer[2]["over"] == "sparse"
    refused(2, "ladder", path, *SHORT, "--set", "model.sampled_softmax=10", says="model.sampled_softmax")
    refused(1, "ladder", path, *SHORT, "--memory", 0.001, "--set", "model.hidden=[4000]", says="no rung fits into memory")


def test_refuses(path, taste, tmp_path):
    refused(2, "ladder", path, "--set", "model.type=ease", says=["ladder", "ease"])
    refused(2, "ladder", path, "--set", "model.latnt=3", says="model.latent")
    refused(2, "ladder", path, "--precision", "bf16", says="--precision")
    refused(2, "ladder", path, "--rounds", 0, says="--rounds")
    refused(2, "ladder", path, "--seconds", 0, says="--seconds")
    refused(2, "ladder", "no-such-spec", says="no-such-spec")
    (tmp_path / "classify.toml").write_text(network(taste))
    refused(2, "ladder", tmp_path / "classify.toml", says="classify")
    refused(3, "ladder", path, "--set", "data.path=nowhere.csv", says="nowhere.csv")
    refused(4, "ladder", path, "--device", "cuda:1", says="cuda:1")
    done = refused(1, "ladder", path, *SHORT, "--csv", tmp_path / "no/table.csv", says="table.csv")
    assert done.out == ""
    assert sorted(file.name for file in tmp_path.iterdir()) == ["classify.toml"]


def test_stops_when_asked(path, tmp_path):
    with subprocess.Popen([PROGRAM, "ladder", path, "--seconds", "3600", "--csv", tmp_path / "table.csv"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert b"device cpu: " in process.stderr.readline()
        assert b"users to train on" in process.stderr.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == b"" and b"interrupted" in err
    assert list(tmp_path.iterdir()) == []
