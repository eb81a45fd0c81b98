"""The stages of gpu-check, by value. Each gets the run and a list for its rows, and raises Skipped or Failed."""
import glob
import json
import os
import re
import shutil
import sys
import tempfile

from gpu_runner import Failed, Skipped

HERE = os.path.dirname(os.path.abspath(__file__))
# Greatest difference of a curve's values from the cpu's, relative; bf16 rounds factors to 8 bits, fp16 skips steps.
LOSS_TOLERANCE = {"fp32": 0.02, "bf16": 0.05, "fp16": 0.05}
ACCURACY_TOLERANCE = 0.01
METRIC_TOLERANCE = 0.005


class Stages:
    def __init__(self, run, program, conformance, device, data, work, tiny):
        self.run, self.program, self.conformance = run, program, conformance
        self.device, self.data, self.work, self.tiny = device, data, work, tiny
        self.environment = {**os.environ, **({"BASCULE_DATA": data} if data else {})}
        self.torch_environment = {**self.environment, "PYTHONPATH": HERE}

    # What the stages are made of.

    def bascule(self, arguments, limit):
        return self.run.ask([self.program, *arguments, "--json", "--quiet"], limit, env=self.environment)

    def precisions(self):
        """Those of the device; the cpu has no fp16."""
        return ("fp32", "bf16", "fp16") if self.device.startswith("cuda") else ("fp32", "bf16")

    def fit(self, spec, device, precision, limit, *sets, flags=()):
        """What fit says, the seconds and losses of its epochs, and where the run is."""
        folder = tempfile.mkdtemp(dir=self.work)
        command = ["fit", spec, "--device", device, "--precision", precision, "--out", folder + "/run", *flags]
        for one in sets:
            command += ["--set", one]
        said = self.bascule(command, limit)
        history = []
        path = folder + "/run/history.jsonl"
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                history = [json.loads(line) for line in file]
        return said, history, folder + "/run"

    def torch(self, script, arguments, limit):
        try:
            return self.run.ask([sys.executable, os.path.join(HERE, script), *arguments], limit, env=self.torch_environment)
        except Failed as why:
            return {"why": str(why)}

    def folder_of(self, name):
        folder = os.path.join(self.data or "", name)
        if not self.data or not os.path.isdir(folder):
            raise Skipped(f"BASCULE_DATA has no {name}")
        return folder

    def images(self, workload):
        """Synthetic images of the workload's shape that a network can learn: ten pictures and noise."""
        import numpy as np
        count = workload.train + workload.valid
        folder = os.path.join(self.work, f"{workload.data}-{count}")
        if not os.path.exists(folder):
            os.makedirs(folder)
            draw = np.random.default_rng(1)
            pictures = draw.integers(64, 192, (10, workload.inputs))
            for part, size in (("train", count), ("test", 1000)):
                labels = draw.integers(0, 10, size, dtype=np.uint8)
                noise = draw.integers(-60, 61, (size, workload.inputs), dtype=np.int16)
                np.save(f"{folder}/x_{part}.npy", (pictures[labels] + noise).clip(0, 255).astype(np.uint8))
                np.save(f"{folder}/y_{part}.npy", labels)
        return folder

    def workload(self, name):
        import networks_data
        workload = networks_data.NAMED[name]
        if self.tiny:
            workload.train, workload.valid = 640, 160 if workload.valid else 0
            workload.hidden = [min(width, 64) for width in workload.hidden]
        return workload

    # The stages.

    def check_device(self, rows, end):
        del end
        rows.extend(self.bascule(["devices"], 60)["devices"])
        said = self.bascule(["devices", "--check", "--device", self.device], 60)
        rows.extend(said["devices"])

    def conform(self, rows, end):
        """All cases on the device, by op."""
        if not self.conformance:
            raise Skipped("the conformance program is missing")
        report = os.path.join(self.work, "conformance.json")
        suite = "Cuda" if self.device.startswith("cuda") else "Cpu"
        ops = "abs*:*/add_*:*/softmax*" if self.tiny else "*"
        names = ":".join(f"*/Conformance.{suite}/{op.removeprefix('*/')}" for op in ops.split(":"))
        self.run.call([self.conformance, f"--gtest_filter={names}", f"--gtest_output=json:{report}", "--gtest_brief=1"],
                      end - _now(), env=self.environment)
        if not os.path.exists(report):
            raise Failed("the conformance program wrote no report: it crashed, see the log")
        with open(report, encoding="utf-8") as file:
            cases = [case for suite in json.load(file)["testsuites"] for case in suite["testsuite"]]
        found = {}
        for case in cases:
            op = re.sub(r"_\d+$", "", case["name"].split("/")[-1])
            row = found.setdefault(op, {"op": op, "passed": 0, "failed": 0, "skipped": 0})
            kind = "failed" if case.get("failures") else "skipped" if case["result"] == "SKIPPED" else "passed"
            row[kind] += 1
            if kind == "failed":
                row.setdefault("first", case["failures"][0]["failure"][:300])
        rows.extend(found[op] for op in sorted(found))
        failed = sum(row["failed"] for row in rows)
        if failed:
            raise Failed(f"{failed} of {len(cases)} cases")
        if not sum(row["passed"] for row in rows):
            raise Failed("no case ran on the device")

    def train_fashion(self, rows, end):
        """Loss curves and accuracy against the cpu's, and the times of both."""
        folder = self.folder_of("fashion-mnist")
        sets = [f"data.path={folder}", f"train.epochs={1 if self.tiny else 2}", "train.batch_size=128"]
        if self.tiny:
            sets += ["model.layers[0].repeat=1", "model.layers[0].units=32"]
        exact, judge, _ = self.fit("fashion-mlp", "cpu", "fp32", end - _now(), *sets)
        wrong = []
        for precision in self.precisions():
            said, history, _ = self.fit("fashion-mlp", self.device, precision, end - _now(), *sets)
            losses = [abs(a["metrics"]["train_loss"] / b["metrics"]["train_loss"] - 1) for a, b in zip(history, judge)]
            accuracy = {key: (said["metrics"][key], exact["metrics"][key]) for key in said["metrics"] if "accuracy" in key}
            rows.append({"workload": "fashion-mlp", "precision": precision, "device": said["device"], "loss_off": max(losses),
                         "accuracy": accuracy, "epoch_seconds": history[-1]["seconds"], "cpu_epoch_seconds": judge[-1]["seconds"],
                         "first_step_seconds": said["first_step_seconds"], "counted": said["counted"]})
            if max(losses) > LOSS_TOLERANCE[precision]:
                wrong.append(f"{precision}: the loss is off by {max(losses):.1%}")
            wrong += [f"{precision}: {key} {a:.4f}, on the cpu {b:.4f}" for key, (a, b) in accuracy.items() if abs(a - b) > ACCURACY_TOLERANCE]
        if wrong:
            raise Failed("; ".join(wrong))

    def recommenders(self, rows, end):
        """Metrics of each recommender against the cpu's."""
        wrong = []
        for name, spec, folder, sets in (
                ("bookcrossing-knn", "bookcrossing-knn", "bookcrossing", []),
                ("ml-1m mult-vae", "ml-20m-multvae", "movielens/ml-1m-ge3",
                 ["train.epochs=3", "data.min_rating=0", "evaluate.heldout=500"]),
                *((f"ml-1m {model}", f"ml-20m-{model}", "movielens/ml-1m-ge3", ["data.min_rating=0", "evaluate.heldout=500"])
                  for model in ("ease", "rp3beta", "ials", "slim"))):
            row = {"workload": name}
            rows.append(row)
            try:
                sets = [f"data.path={self.folder_of(folder)}", *sets]
                metrics = {}
                for device in ("cpu", self.device):
                    said, _, path = self.fit(spec, device, "fp32", min(60, end - _now()), *sets)
                    row[f"fit_seconds {device}"] = sum(said["seconds"].values())
                    judged = self.bascule(["evaluate", path, "--device", device, "--at", "20,100"], min(60, end - _now()))
                    metrics[device] = _numbers(judged["metrics"])
                common = metrics["cpu"].keys() & metrics[self.device].keys()
                row["metrics_off"] = max((abs(metrics["cpu"][key] - metrics[self.device][key]) for key in common), default=None)
                if row["metrics_off"] is None or row["metrics_off"] > METRIC_TOLERANCE:
                    wrong.append(f"{name}: metrics off by {row['metrics_off']}")
            except (Failed, Skipped) as why:
                row["why"] = str(why)
        done = [row for row in rows if "why" not in row]
        if wrong:
            raise Failed("; ".join(wrong))
        others = [f"{row['workload']}: {row['why']}" for row in rows
                  if not re.search("on the cpu only|BASCULE_DATA", row.get("why", "on the cpu only"))]
        if others:
            raise Failed("; ".join(others))
        if len(done) < len(rows):
            raise Skipped("; ".join(f"{row['workload']}: {row['why']}" for row in rows if "why" in row))

    def bench_networks(self, rows, end):
        """C1, C3, C4 on images of their shapes: an epoch against PyTorch's modes and against the cpu."""
        import networks
        on_gpu = self.device.startswith("cuda")
        # By value, so that what is cut off matters least.
        modes = ["graph", "compile", "graph+tf32", "graph+bf16", "compile+bf16", "eager"] if on_gpu else ["eager", "eager+bf16"]
        for number, name in enumerate(("C1", "C4", "C3")):
            until = _now() + (end - _now()) / (3 - number)
            workload, epochs = self.workload(name), 3
            folder = self.images(workload)
            row = {"workload": name, "ours": {}, "torch": {}}
            rows.append(row)
            spec = os.path.join(self.work, name + ".toml")
            with open(spec, "w", encoding="utf-8") as file:
                file.write(networks.spec(workload, folder, epochs))
            sides = [(self.device, precision, ()) for precision in self.precisions()] + [("cpu", "fp32", ())]
            if on_gpu:
                sides.append((self.device, "fp32", ("--no-cuda-graphs",)))  # what recording the step is worth
            for device, precision, flags in sides:
                side = " ".join((device, precision, *flags))
                try:
                    _, history, _ = self.fit(spec, device, precision, until - _now(),
                                             *(["train.epochs=2"] if device == "cpu" else []), flags=flags)
                    row["ours"][side] = sorted(epoch["seconds"] for epoch in history[1:])[0]
                except (Failed, Skipped) as why:
                    row["ours"][side] = str(why)
            for mode in modes:
                said = ({"why": "no time left"} if until - _now() < 3 else
                        self.torch("gpu_torch_networks.py", [json.dumps(workload.__dict__), folder, mode, str(epochs), self.device.split(":")[0]],
                                   until - _now()))
                row["torch"][mode] = min(said["seconds"][1:]) if "seconds" in said else said["why"]
            _ratios(row, *(f"{self.device} {precision}" for precision in self.precisions()))
        _fail_on_words(rows)

    def bench_vae(self, rows, end):
        """Mult-VAE at ML-20M size: users a second in whole epochs."""
        folder = os.path.join(self.work, "ml-20m")
        shape = ["--users", "300", "--items", "200", "--ratings", "6000"] if self.tiny else ["--like", "ml-20m"]
        self.bascule(["data", "make", folder, *shape], min(90, end - _now()))
        row = {"workload": "mult-vae ml-20m size (synthetic)", "ours": {}, "torch": {}}
        rows.append(row)
        sets = [f"data.path={folder}", "train.epochs=3", *(["evaluate.heldout=30"] if self.tiny else [])]
        users, items, interactions = (280, 200, 5000) if self.tiny else (116677, 20108, 8500000)
        for precision in self.precisions():
            try:
                said, history, _ = self.fit("ml-20m-multvae", self.device, precision, min(120, end - _now()), *sets)
                users, items = said["split"]["train"], said["items"]
                interactions = round(said["interactions"] * users / said["users"])
                row["ours"][precision] = users / min(epoch["seconds"] for epoch in history[1:])
            except (Failed, Skipped) as why:
                row["ours"][precision] = str(why)
        for mode in ("eager", "compile+bf16", "eager+bf16", "compile"):
            if end - _now() < 5:
                row["torch"][mode] = "no time left"
                continue
            said = self.torch("gpu_torch_vae.py", [users, items, interactions, 500, mode, 1 if self.tiny else 5, self.device.split(":")[0]],
                              min(60, end - _now()))
            row["torch"][mode] = said.get("users_per_second", said.get("why"))
        row["shape"] = [users, items, interactions]
        ours, theirs = ([n for n in row[side].values() if isinstance(n, float)] for side in ("ours", "torch"))
        if ours and theirs:
            row["times_as_fast"] = max(ours) / max(theirs)
        _fail_on_words(rows)

    def bench_query(self, rows, end):
        """R1: one query among the books of BookCrossing, dense and sparse."""
        shape = [200, 300, 2000] if self.tiny else [22770, 45833, 190528]
        rows.append({"side": "torch", **self.torch("gpu_torch_knn.py", [*shape, 10, self.device.split(":")[0]], min(60, end - _now()))})
        folder = self.folder_of("bookcrossing")
        _, _, path = self.fit("bookcrossing-knn", "cpu", "fp32", end - _now(), f"data.path={folder}")
        for compute in ("sparse", "dense"):
            scores = {}
            for device in ("cpu", self.device):
                said = self.bascule(["recommend", path, "--item", "059035342X", "-k", "10", "--compute", compute, "--device", device],
                                    min(30, end - _now()))
                scores[device] = [item["score"] for item in said["items"]]
                rows.append({"side": f"bascule {compute} {device}", "seconds": said["seconds"], "items": [item["id"] for item in said["items"]]})
            # Of books that are equally near either may come first.
            if any(abs(one - other) > 1e-5 for one, other in zip(scores["cpu"], scores[self.device], strict=True)):
                raise Failed(f"the {compute} lists differ")

    def sanitize(self, rows, end):
        """compute-sanitizer over some cases: the tool that finds reads and writes out of bounds."""
        tool = shutil.which("compute-sanitizer") or next(iter(glob.glob("/usr/local/cuda*/bin/compute-sanitizer")), None)
        if tool is None:
            raise Skipped("there is no compute-sanitizer")
        if not self.device.startswith("cuda"):
            raise Skipped("no GPU")
        ops = ["matmul_1", "linear_update_1", "softmax_1", "sum_1", "map_1", "sparse_cross_entropy_1", "gather_rows_1"]
        names = ":".join(f"*/Conformance.Cuda/{op}" for op in ops)
        for name, arguments in (("memcheck", []), ("racecheck", [])):
            code, out, _ = self.run.call([tool, "--tool", name, "--error-exitcode", "9", *arguments, self.conformance,
                                          f"--gtest_filter={names}"], (end - _now()) * .6, env=self.environment)
            summary = re.findall(r"=+ (?:ERROR|RACECHECK) SUMMARY: .*", out)
            rows.append({"tool": name, "exit": code, "summary": summary[-1] if summary else ""})
            if not summary:
                raise Skipped(f"{name} does not work here, exit {code}")
            if code != 0:
                raise Failed(summary[-1])


def _now():
    import time
    return time.monotonic()


def _numbers(metrics):
    """Every number by its name, whether it comes alone or with an interval."""
    if isinstance(metrics, list):
        return {f"{one.get('name')}@{one.get('k')}": one.get("value", one.get("mean")) for one in metrics}
    return {key: value if isinstance(value, (int, float)) else value.get("value", value.get("mean")) for key, value in metrics.items()}


def _fail_on_words(rows):
    """Where there should be a time of ours is the reason that there is none."""
    words = [f"{row['workload']}: {why}" for row in rows for why in row["ours"].values() if isinstance(why, str)]
    if words and all("on the cpu only" in why for why in words):
        raise Skipped(words[0])
    if words:
        raise Failed("; ".join(words))


def _ratios(row, *sides):
    """Ours in the best precision against the best of theirs."""
    theirs = [seconds for seconds in row["torch"].values() if isinstance(seconds, float)]
    ours = [row["ours"][side] for side in sides if isinstance(row["ours"].get(side), float)]
    if ours and theirs:
        row["times_as_fast"] = min(theirs) / min(ours)
    if ours and isinstance(row["ours"].get("cpu fp32"), float):
        row["times_as_fast_as_the_cpu"] = row["ours"]["cpu fp32"] / min(ours)
