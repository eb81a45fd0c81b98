"""Help, versions and refusals: exit codes and what the messages name."""
import re
import subprocess

import pytest

from conftest import PROGRAM, ok, refused, run, spec

VERBS = [["fit"], ["recommend"], ["evaluate"], ["compare"], ["tune"], ["ladder"], ["summary"], ["devices"], ["completion"], ["data"],
         ["data", "list"], ["data", "inspect"], ["data", "fetch"], ["data", "make"]]


@pytest.mark.parametrize("verb", [[]] + VERBS, ids=" ".join)
def test_help(verb):
    done = ok(*verb, "--help")
    assert "--help" in done.out
    assert done.err == ""


def test_help_lists_every_verb():
    text = ok("--help").out
    for verb in VERBS:
        assert re.search(rf"^\s+{verb[0]}\b", text, re.M), verb


def test_version():
    assert re.fullmatch(r"bascule \d+\.\d+\.\d+ \([\w-]+\)\n", ok("--version").out)


@pytest.mark.parametrize("arguments, says", [
    ([], "subcommand"),
    (["fitt"], ["fitt", "did you mean fit?"]),
    (["frobnicate", "x"], "frobnicate"),
    (["data"], "subcommand"),
    (["devices", "--frobnicate"], "--frobnicate"),
    (["recommend"], "RUN"),
    (["recommend", "run"], "--item"),
    (["recommend", "run", "--item", "a", "--user", "b"], "--user"),
    (["recommend", "run", "--item", "a", "-k", "0"], "-k"),
    (["recommend", "run", "--item", "a", "--compute", "magic"], "magic"),
    (["devices", "--threads", "0"], "--threads"),
    (["devices", "--threads", "many"], "many"),
    (["devices", "--device", "tpu"], "tpu"),
    (["devices", "--precision", "fp8"], "fp8"),
    (["evaluate", "run", "--at", "0"], "--at"),
    (["data", "make", "x", "--like", "gowalla"], "gowalla"),
    (["data", "make", "x", "--like", "ml-20m", "--users", "3"], "--like"),
    (["data", "make", "x", "--users", "3", "--items", "3", "--ratings", "10"], "10"),
    (["data", "fetch", "ml-latest-smal"], "did you mean ml-latest-small?"),
    (["data", "fetch", "netflix"], "netflix"),
    (["fit", "no-such-spec"], "no-such-spec"),
    (["fit", "bookcrossing-knn", "--resume"], "--resume"),
    (["fit", "bookcrossing-knn", "--precision", "bf16"], "bf16"),
    (["tune"], "SPEC"),
    (["tune", "ml-20m-eas"], "did you mean ml-20m-ease?"),
    (["tune", "ml-20m-ease", "--trials", "0"], "--trials"),
    (["tune", "ml-20m-ease", "--trials", "1001"], "--trials"),
    (["tune", "ml-20m-ease", "--budget", "0"], "--budget"),
    (["tune", "ml-20m-ease", "--budget", "nan"], "--budget"),
    (["tune", "ml-20m-ease", "--metric", "ndgc@5"], "ndgc@5"),
    (["tune", "ml-20m-ease", "--range", "model.l2"], "--range model.l2"),
    (["tune", "ml-20m-ease", "--range", "model.l2=1:2:log:3"], "low:high:scale"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_usage(arguments, says, tmp_path):
    refused(2, *arguments, says=says, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def gpus():
    """What `bascule devices` says of CUDA: GPUs, or one entry that says why there are none."""
    return [device for device in ok("devices", "--json").json["devices"] if device["kind"] == "cuda"]


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:12"])
def test_absent_device(device, tmp_path, small, small_run):
    why = gpus()[0]["why"]
    if not why:
        pytest.skip("this machine has a GPU")
    says = f"device {device} is not available: {why}"
    refused(4, "fit", small / "spec.toml", "--device", device, says=says, cwd=tmp_path)
    refused(4, "fit", "fashion-mlp", "--device", device, says=says, cwd=tmp_path)
    refused(4, "recommend", small_run, "--item", "f1", "--device", device, says=says)
    refused(4, "recommend", small_run, "--item", "f1", "--compute", "dense", "--device", device, says=says)
    refused(4, "evaluate", small_run, "--device", device, says=says)
    for verb in ("compare", "tune", "ladder"):
        done = refused(4, verb, small / "spec.toml", "--device", device, "--quiet", says=says, cwd=tmp_path)
        assert done.err.count("\n") == 1
    refused(4, "summary", small / "spec.toml", "--device", device, says=says)
    refused(4, "summary", "fashion-mlp", "--device", device, says=says)
    assert list(tmp_path.iterdir()) == []


def test_absent_precision(small, small_run):
    for precision in ("bf16", "fp16"):
        refused(2, "fit", small / "spec.toml", "--precision", precision, says=precision)
        refused(2, "recommend", small_run, "--item", "f1", "--precision", precision, says=precision)


@pytest.mark.parametrize("text, says", [
    ("data.min_ratng = 3\n", ["spec.toml:1", "data.min_ratng", "did you mean data.min_rating?"]),
    ('\n[model]\ntype = "item-knn"\nneighbours = 4\n',
     ["spec.toml:4", "model.neighbours", "did you mean model.neighbors?"]),
    ('[model]\nneighbors = "many"\n', ["spec.toml:2", "model.neighbors"]),
    ("[model]\nneighbors = 0\n", ["spec.toml:2", "model.neighbors"]),
    ("[model]\nalpha = 1.5\n", ["spec.toml:2", "model.alpha"]),
    ('[model]\ntype = "item-knnn"\n', ["spec.toml:2", "model.type", "item-knn"]),
    ('[data]\n\npath = "a"\npath = "b"\n', "spec.toml:4"),
    ("[data\n", "spec.toml:1"),
    ('[data]\npath = "\xff"\n', "spec.toml"),
    ('task = "juggle"\n', ["spec.toml:1", "task"]),
    ("x = " + "[" * 100000 + "\n", "spec.toml"),
    ("# nothing\n", "data.path"),
], ids=range(12))
def test_bad_spec(text, says, tmp_path):
    (tmp_path / "spec.toml").write_bytes(text.encode("latin-1"))
    refused(2, "fit", tmp_path / "spec.toml", "--out", tmp_path / "run", says=says)
    assert not (tmp_path / "run").exists()


def test_set_overrides_and_is_checked(small, tmp_path):
    refused(2, "fit", small / "spec.toml", "--set", "model.neighbrs=3", says="model.neighbors")
    refused(2, "fit", small / "spec.toml", "--set", "nothing", says="key=value")
    ok("fit", small / "spec.toml", "--out", tmp_path / "run", "--quiet", "--set",
       "model.neighbors=1", "--seed", 9)
    written = (tmp_path / "run/spec.toml").read_text()
    assert "neighbors = 1\n" in written and "seed = 9\n" in written
    assert len(ok("recommend", tmp_path / "run", "--history", "f1", "--json").json["items"]) == 1


def test_out_is_not_overwritten_when_it_is_no_run(small, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/love.txt").write_text("dear")
    refused(2, "fit", small / "spec.toml", "--out", tmp_path / "letters", "--quiet", says="letters")
    refused(2, "fit", small / "spec.toml", "--out", tmp_path / "letters/love.txt", "--quiet",
            says="love.txt")
    assert (tmp_path / "letters/love.txt").read_text() == "dear"
    assert len(list((tmp_path / "letters").iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, b"\x7fELF" + bytes(range(256)) * 20,
                                     b"just some words\nand more\n", b"\x1f\x8b\x08 no gzip",
                                     b"\xfd7zXZ\0 no xz", b"\x28\xb5\x2f\xfd no zstd",
                                     b"PK\x03\x04 no zip", b"user,item,rating\n"],
                         ids=["empty", "zeros", "binary", "words", "gzip", "xz", "zstd", "zip",
                              "header"])
def test_garbage_data(content, tmp_path):
    file = tmp_path / "garbage.csv"
    file.write_bytes(content)
    (tmp_path / "spec.toml").write_text(spec(file))
    refused(3, "fit", tmp_path / "spec.toml", "--out", tmp_path / "run", "--quiet", says=file.name)
    assert not (tmp_path / "run").exists()
    if content.startswith(b"user"):  # no rows are nothing to fit, but something to look at
        assert ok("data", "inspect", file, "--json").json["rows"] == 0
    else:
        refused(3, "data", "inspect", file, says=file)


def test_missing_data(tmp_path):
    refused(3, "data", "inspect", tmp_path / "nowhere.csv", says="nowhere.csv")
    refused(3, "data", "inspect", tmp_path, says=tmp_path)
    refused(3, "fit", "bookcrossing-knn", "--set", "data.path=nowhere", "--quiet", says="nowhere",
            cwd=tmp_path)
    refused(3, "recommend", tmp_path / "no-run", "--item", "x", says="no-run")
    refused(3, "recommend", tmp_path, "--item", "x", says=tmp_path)


def test_unknown_ids(small_run):
    refused(2, "recommend", small_run, "--item", "f9", says=["f9", small_run])
    refused(2, "recommend", small_run, "--user", "zoe", says="zoe")
    refused(2, "recommend", small_run, "--history", "f1,f9", says="f9")


def test_quiet_and_json_streams(small, tmp_path):
    loud = ok("fit", small / "spec.toml", "--out", tmp_path / "a")
    assert loud.err != "" and "run written to" in loud.out
    quiet = ok("fit", small / "spec.toml", "--out", tmp_path / "b", "--quiet", "--json")
    assert quiet.err == ""
    assert quiet.json["run"] == str(tmp_path / "b")
    for verb in (["evaluate", "--set", "evaluate.split=leave-one-out"], ["summary"],
                 ["recommend", "--item", "f1"]):
        done = ok(verb[0], tmp_path / "a", *verb[1:], "--json", "--quiet")
        assert done.err == "", verb
        assert isinstance(done.json, dict)
    for verb in (["devices"], ["data", "list"], ["data", "inspect", small / "ratings.csv"]):
        assert isinstance(ok(*verb, "--json", "--quiet").json, dict)


def test_devices():
    devices = {device["name"]: device for device in ok("devices", "--json").json["devices"]}
    assert set(devices["cpu"]) >= {"name", "kind", "available", "why", "memory", "capabilities"}
    assert devices["cpu"]["available"] and devices["cpu"]["memory"] > 1 << 28
    # A GPU that can be used, or one line that says why there is none.
    text = ok("devices").out
    for gpu in gpus():
        assert gpu["available"] == (gpu["why"] == "") and gpu["why"] in text
        assert "driver" in gpu["capabilities"] and "kernels" in gpu["capabilities"]
        assert len([line for line in text.splitlines() if line.startswith(gpu["name"])]) == 1


def test_devices_check():
    rows = {row["name"]: row for row in ok("devices", "--check", "--iterations", 2, "--json").json["devices"]}
    for name in ("cpu", "reference"):
        assert rows[name]["passed"] and rows[name]["kernel"] and 0 < rows[name]["greatest_error"] < 1e-6
    if not any(gpu["available"] for gpu in gpus()):
        assert not rows["cuda"]["passed"] and rows["cuda"]["why"]
        done = run("devices", "--check", "--device", "cuda")
        assert done.code == 4 and "device cuda is not available" in done.err
    one = ok("devices", "--check", "--iterations", 1, "--device", "cpu")
    assert one.out.count("\n") == 1 and one.out.startswith("cpu ")


def test_auto_says_why(small_run):
    said = ok("recommend", small_run, "--item", "f1", "--json")
    assert said.json["device"] == "cpu" and said.json["why"]
    assert f"device cpu: {said.json['why']}" in said.err
    asked = ok("recommend", small_run, "--item", "f1", "--json", "--device", "cpu")
    assert asked.json["why"] == "" and "device cpu" not in asked.err


def test_summary(small, small_run):
    from_run = ok("summary", small_run, "--json").json
    from_spec = ok("summary", small / "spec.toml", "--json").json
    assert from_run == from_spec
    assert from_run["totals"]["users"] == 6 and from_run["totals"]["items"] == 5
    assert from_run["totals"]["interactions"] == 13
    assert {"name", "type", "output", "parameters", "flops", "bytes"} <= set(from_run["layers"][0])


def test_completion_offers_the_verbs():
    script = ok("completion").out + """
COMP_WORDS=(bascule reco); COMP_CWORD=1; _bascule; echo "${COMPREPLY[@]}"
COMP_WORDS=(bascule recommend --his); COMP_CWORD=2; _bascule; echo "${COMPREPLY[@]}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["recommend", "--history"]


def test_a_closed_pipe_is_no_crash(taste):
    # `| head -1` and a full disk must not end in success that nobody saw.
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "data", "inspect", taste, "--json"], stdout=full,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1


def test_unknown_words_do_not_reach_the_terminal_raw():
    done = run("fit", "\x1b[31mred\x07")
    assert done.code == 2 and "\x1b" not in done.err and "\x07" not in done.err
