"""A damaged run is refused with exit 3 and a message that names the file."""
import json
import shutil
import struct

import pytest

from conftest import ok, refused, run

QUERIES = [["--item", "f1"], ["--user", "ann"], ["--history", "f1,f2"]]


@pytest.fixture
def copy(small_run, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(small_run, path)
    return path


def cut(path, keep):
    path.write_bytes(path.read_bytes()[:keep])


def flip(path, byte, mask=0x10):
    data = bytearray(path.read_bytes())
    data[byte] ^= mask
    path.write_bytes(data)


def refused_everywhere(path, file):
    for query in QUERIES:
        refused(3, "recommend", path, *query, says=file)
    refused(3, "evaluate", path, "--quiet", says=file)
    refused(3, "summary", path, says=file)


@pytest.mark.parametrize("keep", [0, 7, 8, 100, -1])
def test_truncated_model(copy, keep):
    cut(copy / "model.safetensors", keep)
    refused_everywhere(copy, "model.safetensors")


@pytest.mark.parametrize("name", ["spec.toml", "model.safetensors", "items.tsv", "users.tsv",
                                  "run.json"])
def test_missing_file(copy, name):
    (copy / name).unlink()
    refused_everywhere(copy, name)


@pytest.mark.parametrize("name", ["spec.toml", "model.safetensors", "items.tsv", "users.tsv"])
def test_short_and_long_files(copy, name):
    text = (copy / name).read_bytes()
    for other in (b"", text[: len(text) // 2], text + b"x"):
        (copy / name).write_bytes(other)
        refused(3, "recommend", copy, "--item", "f1", says=name)


@pytest.mark.parametrize("name", ["spec.toml", "model.safetensors", "items.tsv", "users.tsv",
                                  "run.json"])
def test_folder_in_place_of_a_file(copy, name):
    (copy / name).unlink()
    (copy / name).mkdir()
    refused(3, "recommend", copy, "--item", "f1", says=name)


def test_garbage_of_the_right_size(copy):
    for name in ("spec.toml", "model.safetensors", "items.tsv", "users.tsv"):
        good = (copy / name).read_bytes()
        (copy / name).write_bytes(b"\xff\0garbage"[:len(good)].ljust(len(good), b"\x7b"))
        refused(3, "recommend", copy, "--item", "f1", says=name)
        (copy / name).write_bytes(good)
    assert ok("recommend", copy, "--item", "f1", "--json").json["items"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 60000, '{"format":"bascule-run"}',
                                  '{"format":"bascule-run","version":1,"complete":false,'
                                  '"files":{}}',
                                  '{"format":"bascule-run","version":2,"complete":true,"files":{}}',
                                  '{"format":"bascule-run","version":1,"complete":true,"files":'
                                  '{"../secret":{"bytes":1,"crc32c":1}}}'])
def test_bad_manifest(copy, text):
    (copy / "run.json").write_text(text)
    refused(3, "recommend", copy, "--item", "f1", says="run.json")


def test_every_bit_of_the_header(copy):
    """A flipped bit in the model's header is refused or changes nothing that is answered."""
    model = copy / "model.safetensors"
    good = model.read_bytes()
    length = struct.unpack("<Q", good[:8])[0]
    before = ok("recommend", copy, "--item", "f1", "--json").json["items"]
    codes = set()
    for byte in list(range(8)) + list(range(8, 8 + length, 11)):
        flip(model, byte, 1 << (byte % 7))
        done = run("recommend", copy, "--item", "f1", "--json")
        codes.add(done.code)
        if done.code == 0:
            assert done.json["items"] == before, byte
        else:
            assert done.code == 3 and "model.safetensors" in done.err, (byte, done.err)
        model.write_bytes(good)
    assert 3 in codes


def test_verify_finds_any_flipped_bit(copy):
    ok("summary", copy, "--verify")
    for name in ("spec.toml", "model.safetensors", "items.tsv", "users.tsv"):
        good = (copy / name).read_bytes()
        flip(copy / name, len(good) - 3, 1)
        done = run("summary", copy, "--verify", "--quiet")
        assert done.code == 3 and name in done.err
        (copy / name).write_bytes(good)


def test_flipped_data_never_crash(copy):
    """Any byte of the model's data may be wrong: an answer or a refusal, never a crash."""
    model = copy / "model.safetensors"
    good = model.read_bytes()
    start = 8 + struct.unpack("<Q", good[:8])[0]
    for byte in range(start, len(good), 61):
        flip(model, byte, 0x80)
        for query in QUERIES:
            done = run("recommend", copy, *query, "--json")
            assert done.code in (0, 3), done.err
            if done.code == 3:
                assert "model.safetensors" in done.err
        model.write_bytes(good)


def rewrite(run_folder, name, text):
    """Replaces a file and its entry in run.json, as somebody would who edits a run on purpose."""
    (run_folder / name).write_text(text)
    manifest = json.loads((run_folder / "run.json").read_text())
    manifest["files"][name]["bytes"] = (run_folder / name).stat().st_size
    (run_folder / "run.json").write_text(json.dumps(manifest))


def test_parts_that_do_not_fit_together(copy):
    lines = (copy / "items.tsv").read_text().splitlines(keepends=True)
    rewrite(copy, "items.tsv", "".join(lines[:-1]))
    refused(3, "recommend", copy, "--item", "f1", says=["items.tsv", "5", "4"])
    rewrite(copy, "items.tsv", "".join(lines))
    rewrite(copy, "users.tsv", "id\nann\n")
    refused(3, "recommend", copy, "--item", "f1", says="users.tsv")


@pytest.mark.parametrize("text", ["frobnicate = 1\n", "[model]\nneighbors = -3\n", "[[[[\n"])
def test_spec_of_a_run_is_data(copy, text):
    rewrite(copy, "spec.toml", text)
    refused(3, "recommend", copy, "--item", "f1", says="spec.toml")
