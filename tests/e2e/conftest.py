"""Helpers of the end-to-end suite: it drives the program as a user would.

BASCULE is the program, BASCULE_BUILD its build folder, BASCULE_SOURCE the repository, BASCULE_DATA
(optional) the folder with the real data sets.
"""
import json
import os
import random
import subprocess
from pathlib import Path

import pytest

PROGRAM = os.environ["BASCULE"]
SOURCE = Path(os.environ["BASCULE_SOURCE"])


class Done:
    """A finished call: exit code, text of both streams."""

    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()

    @property
    def json(self):
        return json.loads(self.out)


def run(*arguments, cwd=None, env=None, timeout=120):
    """Runs `bascule ARGUMENTS`; whatever it does, it may not die of a signal."""
    done = Done(subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, cwd=cwd,
                               env={**os.environ, **(env or {})}, timeout=timeout, check=False))
    assert done.code >= 0, f"killed by signal {-done.code}: {done.err}"
    return done


def ok(*arguments, **options):
    done = run(*arguments, **options)
    assert done.code == 0, done.err
    return done


def refused(code, *arguments, says=(), **options):
    """The call must end with this code and name what is wrong on stderr, in few lines."""
    done = run(*arguments, **options)
    assert done.code == code, (done.code, done.err, done.out)
    for text in [says] if isinstance(says, (str, Path)) else says:
        assert str(text) in done.err, done.err
    assert done.out == ""
    assert 0 < done.err.count("\n") <= 4, done.err
    return done


def real(name):
    """The path of a real data set below BASCULE_DATA; skips the test without it."""
    if not os.environ.get("BASCULE_DATA"):
        pytest.skip("BASCULE_DATA is not set: no real data")
    path = Path(os.environ["BASCULE_DATA"], name)
    if not path.exists():
        pytest.skip(f"BASCULE_DATA has no {name}")
    return path


# Six users, five films, with a title for each; film f5 is liked by nobody else's friends.
RATINGS = """user,item,rating,timestamp
ann,f1,5,100
ann,f2,4,101
bob,f1,4,102
bob,f2,5,103
bob,f3,2,104
cat,f2,3,105
cat,f3,4,106
cat,f4,5,107
dan,f3,5,108
dan,f4,4,109
eve,f1,1,110
eve,f4,2,111
fay,f5,3,112
"""
TITLES = """id,title
f1,One
f2,"Two, the second"
f3,Three
f4,Caf\u00e9 Four
f5,Five
"""


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A folder with ratings.csv, movies.csv and spec.toml of a small handmade set."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "ratings.csv").write_text(RATINGS)
    (folder / "movies.csv").write_text(TITLES, encoding="utf-8")
    (folder / "spec.toml").write_text(spec(folder / "ratings.csv"))
    return folder


@pytest.fixture(scope="session")
def small_run(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "small"
    ok("fit", small / "spec.toml", "--out", path, "--quiet")
    return path


@pytest.fixture(scope="session")
def taste(tmp_path_factory):
    """Synthetic ratings in which users have a taste."""
    folder = tmp_path_factory.mktemp("taste")
    ok("data", "make", folder, "--users", 1500, "--items", 300, "--ratings", 40000, "--seed", 3)
    return folder


@pytest.fixture(scope="session")
def books(tmp_path_factory):
    """A run on the real BookCrossing ratings, and what fit said of it."""
    real("bookcrossing")
    path = tmp_path_factory.mktemp("runs") / "books"
    return path, ok("fit", "bookcrossing-knn", "--out", path, "--json", "--quiet").json


def spec(path, more=""):
    return f'task = "recommend"\n[data]\npath = "{path}"\n{more}'


LAYERS = """
[[model.layers]]
type = "dense"
units = 16
activation = "relu"
[[model.layers]]
type = "dropout"
rate = 0.1
[[model.layers]]
type = "dense"
units = {outputs}
activation = "{activation}"
"""


def network(path, task="classify", outputs=3, activation="softmax", train="epochs = 12", data=""):
    return (f'task = "{task}"\n[data]\npath = "{path}"\nstandardise = true\n{data}\n'
            + LAYERS.format(outputs=outputs, activation=activation)
            + f'[train]\nbatch_size = 32\noptimizer = {{ type = "adam", lr = 0.01 }}\n{train}\n')


@pytest.fixture(scope="session")
def blobs(tmp_path_factory):
    """Three clouds of points with names, 600 to train on and 150 to test."""
    folder = tmp_path_factory.mktemp("blobs")
    draw = random.Random(5)
    centres = {"ash": (0, 2, -1), "birch": (2, -1, 0), "cedar": (-2, -1, 1)}
    for part, count in (("train", 600), ("test", 150)):
        lines = ["a,b,c,kind"]
        for _ in range(count):
            kind = draw.choice(sorted(centres))
            lines.append(",".join(f"{draw.gauss(x, .7):.4f}" for x in centres[kind]) + "," + kind)
        (folder / f"{part}.csv").write_text("\n".join(lines) + "\n")
    (folder / "spec.toml").write_text(network(folder))
    return folder


@pytest.fixture(scope="session")
def blobs_run(blobs, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "blobs"
    return path, ok("fit", blobs / "spec.toml", "--out", path, "--json", "--quiet").json


def weights(folder):
    return (folder / "model.safetensors").read_bytes()
