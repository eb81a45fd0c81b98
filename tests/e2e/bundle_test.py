"""The bundle: packed, unpacked somewhere else, and run with nothing but the system's own libraries beside it."""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import SOURCE

BUILD = Path(os.environ["BASCULE_BUILD"])
# glibc, its loader and the kernel's page.
SYSTEM = re.compile(r"(linux-vdso|ld-linux-x86-64|libc|libm|libdl|libpthread|librt|libresolv)\.so")


def bare(folder):
    """No library paths, no data, no home of ours."""
    return {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": "", "HOME": str(folder)}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    if not (BUILD / "conformance_tests").exists():
        pytest.skip("conformance_tests is not built")
    if shutil.which("patchelf") is None:
        pytest.skip("patchelf is not installed")
    folder = tmp_path_factory.mktemp("bundle")
    packed = subprocess.run([SOURCE / "scripts/bundle", BUILD, folder / "packed"], capture_output=True, text=True, check=False)
    assert packed.returncode == 0, packed.stderr
    archive = Path(packed.stdout.strip())
    assert archive.stat().st_size <= 30_000_000
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
    return next(folder.glob("bascule-*")).rename(folder / "moved elsewhere")


def test_nothing_but_the_system_is_found_outside(unpacked):
    files = [*unpacked.glob("bin/*"), *unpacked.glob("lib/*")]
    assert len(files) > 10
    for file in files:
        out = subprocess.run(["ldd", file], capture_output=True, text=True, check=True, env=bare(unpacked)).stdout
        for line in out.splitlines():
            assert "not found" not in line, (file, line)
            if not SYSTEM.match(os.path.basename(line.split()[0])):
                assert f"=> {unpacked}/" in line, (file, line)


def test_it_runs(unpacked, tmp_path):
    program = unpacked / "bin/bascule"
    link = tmp_path / "bascule"
    link.symlink_to(program)
    for name in (program, link):
        done = subprocess.run([name, "devices", "--check", "--iterations", "3", "--json"], capture_output=True, text=True,
                              env=bare(tmp_path), check=False)
        assert done.returncode == 0, done.stderr
        rows = {row["name"]: row for row in json.loads(done.stdout)["devices"]}
        assert rows["cpu"]["passed"] and rows["reference"]["passed"]
    done = subprocess.run([unpacked / "bin/conformance_tests", "--gtest_filter=*/Conformance.Cpu/exp_*"],
                          capture_output=True, text=True, env=bare(tmp_path), check=False)
    assert done.returncode == 0 and "PASSED" in done.stdout


def test_downloads_find_the_carried_libcurl(unpacked, tmp_path):
    """The library opens, so that what fails is the connection."""
    done = subprocess.run([unpacked / "bin/bascule", "data", "fetch", "ml-latest-small", "--quiet"], capture_output=True,
                          text=True, cwd=tmp_path, timeout=60, check=False,
                          env={**bare(tmp_path), "https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
                               "LD_DEBUG": "libs"})
    assert done.returncode != 0
    assert f"calling init: {unpacked}/bin/../lib/libcurl.so.4" in done.stderr, done.stderr[-2000:]


def test_every_library_has_its_licence(unpacked):
    names = {file.name for file in unpacked.glob("share/licenses/*")}
    assert {"libfmt9", "libcurl4", "libstdc++6", "libzip4"} <= names


def test_gpu_check_says_that_there_is_no_gpu(unpacked, tmp_path):
    devices = subprocess.run([unpacked / "bin/bascule", "devices", "--json"], capture_output=True, text=True, check=True)
    if any(row["kind"] == "cuda" and row["available"] for row in json.loads(devices.stdout)["devices"]):
        pytest.skip("there is a GPU")
    done = subprocess.run([sys.executable, unpacked / "share/bascule/scripts/gpu-check", "--out", tmp_path / "out"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "cuda cannot be used: bascule: device cuda is not available" in done.stdout
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert results["complete"] and results["stages"][0]["status"] == "failed"


RESULTS = {"device": "cuda", "card": "NVIDIA H200, 580.1, 143771 MiB", "date": "2030-01-02", "stages": [
    {"name": "device", "status": "ok", "rows": []},
    {"name": "conformance", "status": "failed", "rows": [
        {"op": "exp", "passed": 3, "failed": 0, "skipped": 0}, {"op": "log", "passed": 2, "failed": 1, "skipped": 0},
        {"op": "sqrt", "passed": 0, "failed": 0, "skipped": 3}]},
    {"name": "recommenders", "status": "skipped", "rows": []}]}


def test_gpu_status_writes_what_was_shown(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("| `exp` | yes | yes | never |\n| `log` | yes | yes | never |\n| `sqrt` | yes | yes | never |\n"
                    "| table of driver functions | names | never |\n| neighbours, EASE and others | no kernels | no | never |\n")
    results = tmp_path / "results.json"

    def status(document):
        results.write_text(json.dumps(document))
        return subprocess.run([sys.executable, SOURCE / "scripts/gpu-status", results, "--page", page], check=False).returncode

    assert status({**RESULTS, "device": "cpu"}) != 0
    assert page.read_text().count("never") == 5
    assert status(RESULTS) == 0
    assert page.read_text() == (
        "| `exp` | yes | yes | NVIDIA H200, 2030-01-02 |\n| `log` | yes | yes | failed on NVIDIA H200, 2030-01-02 |\n"
        "| `sqrt` | yes | yes | never |\n| table of driver functions | names | NVIDIA H200, 2030-01-02 |\n"
        "| neighbours, EASE and others | no kernels | no | never |\n")
