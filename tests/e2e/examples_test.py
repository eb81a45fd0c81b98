"""The examples, built as a user would build them: against an installed copy of the package."""
import os
import re
import subprocess

import pytest

from conftest import SOURCE, ok, spec

EXAMPLES = sorted(path.parent.name for path in (SOURCE / "examples").glob("*/CMakeLists.txt"))


def sh(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    path = tmp_path_factory.mktemp("installed")
    sh("cmake", "--install", os.environ["BASCULE_BUILD"], "--prefix", path)
    return path


@pytest.fixture(scope="module")
def programs(prefix, tmp_path_factory):
    build = tmp_path_factory.mktemp("examples")
    made = {}
    for name in EXAMPLES:
        sh("cmake", "-S", SOURCE / "examples" / name, "-B", build / name,
           f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Debug")
        sh("cmake", "--build", build / name)
        made[name] = build / name / name
    return made


def test_installed_program(prefix):
    done = subprocess.run([prefix / "bin/bascule", "--version"], capture_output=True, text=True,
                          check=True)
    assert done.stdout == ok("--version").out


def test_nothing_installed_names_the_build(prefix):
    for path in [*prefix.rglob("*.cmake"), *prefix.rglob("*.pc")]:
        text = path.read_text()
        assert str(SOURCE) not in text and os.environ["BASCULE_BUILD"] not in text, path


def test_umbrella_header_gathers_every_header():
    root = SOURCE / "include"
    headers = {str(path.relative_to(root)) for path in (root / "bascule").rglob("*.h")}
    included = re.findall(r"#include <(.*)>", (root / "bascule/bascule.h").read_text())
    assert sorted(included) == sorted(set(included))
    assert set(included) == headers - {"bascule/bascule.h"}


def neighbors_by_command_line(data, item, tmp_path):
    (tmp_path / "spec.toml").write_text(
        spec(data, "min_rating = 3\n[model]\nneighbors = 50\n"))
    ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet")
    items = ok("recommend", tmp_path / "run", "--item", item, "--json").json["items"]
    return [f"{one['id']}\t{one['score']:.6f}" for one in items]


def test_recommend(programs, taste, tmp_path):
    for item in ("1", "17"):
        lines = sh(programs["recommend"], taste / "ratings.csv", item).splitlines()
        assert len(lines) == 10
        assert lines == neighbors_by_command_line(taste, item, tmp_path)


def test_recommend_says_what_is_wrong(programs, taste):
    for arguments, code, says in (([], 2, "usage"), ([taste, "no-such"], 2, "no-such"),
                                  (["nowhere.csv", "1"], 3, "nowhere.csv")):
        done = subprocess.run([programs["recommend"], *arguments], capture_output=True, text=True,
                              check=False)
        assert done.returncode == code and says in done.stderr


def test_custom_recommender(programs, taste, tmp_path):
    lines = [line.split("\t") for line in sh(programs["custom_recommender"], taste).splitlines()]
    recall = {name: float(value) for name, _, value, _ in lines}
    assert recall["also-bought"] > recall["popularity"]
    assert recall["item-knn"] > recall["also-bought"]
    (tmp_path / "spec.toml").write_text(spec(taste, "binarise = true\n"))
    ok("fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet")
    metrics = ok("evaluate", tmp_path / "run", "--at", "20", "--json", "--quiet").json["metrics"]
    assert metrics["recall@20"]["value"] == pytest.approx(recall["item-knn"], abs=1e-6)


def test_train_classifier(programs):
    lines = [line.split("\t") for line in sh(programs["train_classifier"]).splitlines()]
    losses = [float(line[2]) for line in lines if line[0] == "epoch"]
    assert len(losses) == 5 and losses[-1] < 0.5 * losses[0]
    values = {line[0]: float(line[1]) for line in lines if line[0] != "epoch"}
    assert values["test"] > 0.85
    assert sum(values[name] for name in ("north", "east", "south", "west")) == \
        pytest.approx(1, abs=1e-3)
    done = subprocess.run([programs["train_classifier"], "nowhere"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 3 and "nowhere" in done.stderr


def test_custom_layer_loss(programs):
    error = dict(line.split("\t") for line in sh(programs["custom_layer_loss"]).splitlines())
    assert float(error["trainer"]) < 0.03
    assert float(error["by hand"]) < 0.03


def test_pkg_config(prefix, taste, tmp_path):
    found = next(prefix.rglob("bascule.pc")).parent
    flags = sh("pkg-config", "--cflags", "--libs", "--static", "bascule",
               env={**os.environ, "PKG_CONFIG_PATH": str(found)}).split()
    sh("c++", "-std=c++20", SOURCE / "examples/recommend/main.cpp", "-o", tmp_path / "recommend",
       *flags)
    lines = sh(tmp_path / "recommend", taste, "1").splitlines()
    assert lines == neighbors_by_command_line(taste, "1", tmp_path)
