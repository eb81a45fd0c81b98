"""data list, data fetch (from a server on the loopback) and data make."""
import functools
import hashlib
import http.server
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import PROGRAM, ok, real, refused

DIRECT = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files with Range; a name that begins with `broken` stops in the middle of the first answer."""

    asked = []

    def do_GET(self):  # noqa: N802, the base class names it
        path = self.translate_path(self.path)
        if not os.path.isfile(path):
            self.send_error(404)
            return
        with open(path, "rb") as file:
            data = file.read()
        wanted = self.headers.get("Range", "")
        Handler.asked.append((self.path, wanted))
        first = int(wanted[len("bytes="):].split("-")[0]) if wanted else 0
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - first))
        self.send_header("ETag", '"one"')
        self.end_headers()
        body = data[first:]
        if "broken" in path and not wanted:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    (tmp_path / "served").mkdir()
    Handler.asked = []
    handler = functools.partial(Handler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}", tmp_path / "served"
        running.shutdown()
        thread.join()


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_list():
    sets = {one["name"]: one for one in ok("data", "list", "--json").json["sets"]}
    assert {"bookcrossing", "ml-100k", "ml-1m", "ml-20m", "gowalla", "netflix"} <= set(sets)
    assert all({"what", "users", "items", "rows", "origin", "terms", "files", "path"} <= set(one)
               for one in sets.values())
    assert sets["ml-20m"]["rows"] == 20000263
    assert "ml-20m" in ok("data", "list").out


def test_list_finds_what_is_here(tmp_path):
    (tmp_path / "ml-100k").mkdir()
    sets = ok("data", "list", "--json", "--data", tmp_path).json["sets"]
    path = next(one["path"] for one in sets if one["name"] == "ml-100k")
    assert path == str(tmp_path / "ml-100k")


def test_fetch_with_a_wrong_checksum_leaves_nothing(server, tmp_path):
    url, served = server
    (served / "x.zip").write_bytes(os.urandom(50000))
    refused(3, "data", "fetch", "ml-latest-small", "--url", f"{url}/x.zip", "--to",
            tmp_path / "to", "--quiet", says="sha256", env=DIRECT)
    assert files(tmp_path / "to") == []


def test_fetch_goes_on_where_it_broke(server, tmp_path):
    url, served = server
    (served / "broken.zip").write_bytes(os.urandom(50000))
    refused(3, "data", "fetch", "ml-latest-small", "--url", f"{url}/broken.zip", "--to",
            tmp_path / "to", "--quiet", says="sha256", env=DIRECT)
    assert Handler.asked[-1][1].startswith("bytes=25000-")
    assert files(tmp_path / "to") == []


def test_fetch_of_the_real_thing(server, tmp_path):
    """The one set here that is stored as published: an image file of MNIST."""
    url, served = server
    name = "t10k-labels-idx1-ubyte.gz"
    data = real(f"mnist/{name}").read_bytes()
    known = next(one for one in ok("data", "list", "--json").json["sets"] if one["name"] == "mnist")
    entry = next(file for file in known["files"] if file["url"].endswith(name))
    kind, digest = entry["checksum"].split(":")
    assert hashlib.new(kind, data).hexdigest() == digest
    refused(2, "data", "fetch", "mnist", "--url", f"{url}/{name}", "--to", tmp_path / "to",
            says="--url", env=DIRECT)


def test_fetch_offline(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    done = refused(1, "data", "fetch", "ml-latest-small", "--url", f"http://127.0.0.1:{port}/x.zip",
                   "--to", tmp_path / "to", "--quiet", says="127.0.0.1", env=DIRECT)
    assert done.err.count("\n") == 1
    assert files(tmp_path / "to") == []


def test_fetch_of_what_the_server_has_not(server, tmp_path):
    done = refused(1, "data", "fetch", "ml-latest-small", "--url", f"{server[0]}/absent.zip",
                   "--to", tmp_path / "to", "--quiet", says="404", env=DIRECT)
    assert done.err.count("\n") == 1
    for url in ("file:///etc/passwd", "ftp://127.0.0.1/x.zip", "x.zip"):
        refused(2, "data", "fetch", "ml-latest-small", "--url", url, "--to", tmp_path / "to",
                env=DIRECT)
    assert files(tmp_path / "to") == []


def test_make_is_exact_and_seeded(tmp_path):
    size = ["--users", 300, "--items", 80, "--ratings", 5000]
    made = ok("data", "make", tmp_path / "a", *size, "--seed", 5, "--json").json
    assert (made["rows"], made["users"], made["items"]) == (5000, 300, 80)
    ok("data", "make", tmp_path / "b", *size, "--seed", 5, "--threads", 1, "--quiet")
    ok("data", "make", tmp_path / "c", *size, "--seed", 6, "--quiet")
    a, b, c = ((tmp_path / name / "ratings.csv").read_bytes() for name in "abc")
    assert a == b != c
    found = ok("data", "inspect", tmp_path / "a", "--json").json
    assert (found["rows"], found["users"], found["items"]) == (5000, 300, 80)
    assert found["duplicates"] == 0 and found["malformed"] == {}


@pytest.mark.parametrize("layout, seen", [("csv", "csv"), ("bookcrossing", "bookcrossing"),
                                          ("movielens", "movielens-csv"), ("netflix", "netflix")])
def test_every_layout_is_recognised(layout, seen, tmp_path):
    ok("data", "make", tmp_path / "set", "--layout", layout, "--users", 200, "--items", 50,
       "--ratings", 2000, "--quiet")
    found = ok("data", "inspect", tmp_path / "set", "--json").json
    assert found["format"].startswith(seen)
    assert (found["rows"], found["users"], found["items"]) == (2000, 200, 50)


@pytest.mark.parametrize("like, while_writing, number", [
    ("netflix", False, signal.SIGINT),
    ("ml-20m", True, signal.SIGINT),
    ("ml-20m", True, signal.SIGTERM),
])
def test_interrupt_leaves_no_half_written_file(like, while_writing, number, tmp_path):
    with subprocess.Popen([PROGRAM, "data", "make", tmp_path / "set", "--like", like],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while while_writing and not files(tmp_path / "set") and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not while_writing or files(tmp_path / "set"), "no file was begun"
        time.sleep(0.3)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == b"" and b"stopped" in err
    # The table of films may be done; the ratings are not, and nothing unfinished remains.
    assert {path.name for path in files(tmp_path / "set")} <= {"movies.csv"}
