"""Accuracy that the networks of specs/ reach on the real data, through the command line, against PyTorch where named.

  python bench/accuracy.py --bascule build/bench/bascule --data $BASCULE_DATA --out bench/results/accuracy

Writes OUT.json after every run and OUT.md; runs that OUT.json holds are not made again, so that a long table can be
made in parts. Needs PyTorch in this interpreter for the jobs that have it. Ends with 1 when a bound is missed."""
import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclass
class Job:
    spec: str
    settings: list = field(default_factory=list)
    epochs: int = 10
    seeds: int = 3
    torch_workload: str = ""    # of networks_data, when PyTorch runs too
    torch_seeds: int = 3
    bounds: dict = field(default_factory=dict)  # the least mean of a metric


JOBS = {
    "C1": Job("cifar10-mlp", epochs=50, bounds={"best_test_accuracy": .42, "test_accuracy": .405}),
    **{f"C4-{n}": Job("fashion-mlp", [f"model.layers[0].repeat={n}"], epochs=5, bounds={"test_accuracy": .865} if n == 5 else {})
       for n in range(1, 6)},
    "C3": Job("cifar10-dense", torch_workload="C3"),
    "C3-sigmoid": Job("cifar10-dense-sigmoid", epochs=2, seeds=1),
}
NOTES = """Accuracy is that on the test part; best: at the epoch with the least validation loss, where the spec has a
validation part. A job's bounds are on the mean of its seeds. The loss is the mean over the last epoch, while training.

PyTorch has the same layers, optimizer, batches of a new random order and initialisation (Glorot's uniform weights,
biases 0); the random numbers are its own. C3's accuracy still swings by some percent from one epoch to the next (the
JSON file has all of PyTorch's), its loss hardly does.

C1 validates on what the article's library, nolearn, takes by `TrainSplit(eval_size=0.2)`: the first fifth of each class."""


def ours(options, job, seed, epochs):
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        settings = [word for setting in [*job.settings, f"train.epochs={epochs}"] for word in ("--set", setting)]
        command = [options.bascule, "fit", job.spec, *settings, "--data", options.data, "--out", run, "--seed", str(seed),
                   "--threads", str(options.threads), "--quiet", "--json"]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        with open(os.path.join(run, "history.jsonl")) as file:
            history = [json.loads(line) for line in file]
    metrics = said["metrics"]
    if any("valid_loss" in line["metrics"] for line in history):
        metrics.setdefault("best_test_accuracy", metrics["test_accuracy"])  # the last epoch is the best
    return {"best_epoch": said["best_epoch"], "metrics": metrics,
            "train_loss": [line["metrics"]["train_loss"] for line in history]}


def pytorch(options, job, seed, epochs):
    command = [sys.executable, os.path.join(HERE, "accuracy_torch.py"), job.torch_workload, options.data, str(seed),
               str(epochs), str(options.threads)]
    said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {"metrics": {"train_loss": said["train_loss"][-1], "test_accuracy": said["test_accuracy"][-1]}, **said}


def wanted(options):
    for name in options.jobs.split(","):
        job = JOBS[name]
        for seed in range(1, min(job.seeds, options.seeds) + 1):
            yield name, "Bascule", seed, ours
        if job.torch_workload:
            for seed in range(1, min(job.torch_seeds, options.seeds) + 1):
                yield name, "PyTorch", seed, pytorch


def machine():
    with open("/proc/cpuinfo") as file:
        model = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    return f"{os.cpu_count()} cores of {model}"


def percent(values):
    return ", ".join(f"{value:.2%}" for value in values)


def rows(results):
    """The runs of each job, side and number of epochs; a job's own number of epochs comes first."""
    for name, job in JOBS.items():
        for side in ("Bascule", "PyTorch"):
            runs = [run for run in results["runs"] if run["job"] == name and run["side"] == side]
            for epochs in sorted({run["epochs"] for run in runs}, key=lambda n: (n != job.epochs, n)):
                yield name, job, side, epochs, [run for run in runs if run["epochs"] == epochs]


def table(results):
    """The lines, and the bounds that were missed."""
    lines = ["| job | spec | side | epochs | loss in training | best: mean | best: seeds | last: mean | last: seeds | bound |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    missed = []
    for name, job, side, epochs, runs in rows(results):
        bounds = job.bounds if side == "Bascule" and epochs == job.epochs else {}
        cells = [", ".join(f"{run['metrics']['train_loss']:.4f}" for run in runs if "train_loss" in run["metrics"])]
        for metric in ("best_test_accuracy", "test_accuracy"):
            values = [run["metrics"][metric] for run in runs if metric in run["metrics"]]
            mean = statistics.mean(values) if values else 0
            cells += [f"{mean:.2%}", percent(values)] if values else ["", ""]
            if mean < bounds.get(metric, 0):
                missed.append(f"{name}: {metric} {mean:.2%} is below {bounds[metric]:.1%}")
        cells.append(", ".join(f"{'best' if 'best' in metric else 'last'} ≥ {bound:.1%}" for metric, bound in bounds.items()))
        spec = " ".join([job.spec, *job.settings])
        lines.append("| " + " | ".join([name, f"`{spec}`", side, str(epochs), *cells]) + " |")
    return lines, missed


def write(options, results):
    lines, missed = table(results)
    with open(options.out + ".json", "w") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    with open(options.out + ".md", "w") as file:
        file.write(f"# Accuracy of networks, {results['date']}\n\n{results['bascule']} on {results['machine']}; "
                   f"PyTorch {results['torch']}. Command: `bench/accuracy.py`.\n\n")
        file.write("\n".join(lines) + f"\n\n{NOTES}\n")
    return lines, missed


def torch_version():
    done = subprocess.run([sys.executable, "-c", "import torch; print(torch.__version__)"], capture_output=True, text=True)
    return done.stdout.strip() or "not installed"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bascule", required=True)
    parser.add_argument("--data", default=os.environ.get("BASCULE_DATA"))
    parser.add_argument("--out", required=True, help="results without .json and .md")
    parser.add_argument("--jobs", default=",".join(JOBS))
    parser.add_argument("--seeds", type=int, default=3, help="at most so many of each job")
    parser.add_argument("--epochs", type=int, default=0, help="in place of the job's")
    parser.add_argument("--sides", default="Bascule,PyTorch")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    version = subprocess.run([options.bascule, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    results = {"date": datetime.date.today().isoformat(), "machine": machine(), "bascule": version, "torch": torch_version(),
               "runs": []}
    if os.path.exists(options.out + ".json"):
        with open(options.out + ".json") as file:
            results["runs"] = json.load(file)["runs"]
    done = {(run["job"], run["side"], run["seed"], run["epochs"]) for run in results["runs"]}
    for name, side, seed, make in wanted(options):
        epochs = options.epochs or JOBS[name].epochs
        if (name, side, seed, epochs) in done or side not in options.sides.split(","):
            continue
        start = time.monotonic()
        run = make(options, JOBS[name], seed, epochs)
        results["runs"].append({"job": name, "side": side, "seed": seed, "epochs": epochs, **run})
        print(f"{name} {side} seed {seed}: {run['metrics']} after {time.monotonic() - start:.0f} s", file=sys.stderr)
        write(options, results)
    lines, missed = write(options, results)
    print("\n".join(lines + missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
