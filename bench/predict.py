"""Predictions of trained dense networks against ONNX Runtime and PyTorch, alternating in one run, scores compared.

  python bench/predict.py --bascule build/bench/bascule --driver build/bench/predict_bench --data $BASCULE_DATA [--json out.json]

Every side has the same weights, those of a run folder: ONNX Runtime as an exported model, PyTorch as modules. A turn
is a rest and then some calls one after another; the sides take turns. Of ONNX Runtime's modes the best counts.
Prints Markdown tables. Peers: pip install -r bench/requirements-networks.txt."""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np

import driver
import networks
import networks_data
import predict_peers

CASES = [("C1", 1), ("C4", 1), ("C3", 1), ("C3", 64)]
# Threads of the peers go on spinning for a while after a call, on the cores that the next side needs.
REST = 0.02


class OursOnCase:
    def __init__(self, ours, run, inputs, threads, precision, folder):
        self.ours, self.folder, self.shape, self.name = ours, folder, inputs.shape, precision
        path = os.path.join(folder, "inputs.bin")
        inputs.tofile(path)
        self.ours.ask(f"open {self.name} {run} {inputs.shape[1]} {threads} {precision} {path}")

    def scores(self):
        path = os.path.join(self.folder, "scores.bin")
        width = int(self.ours.ask(f"scores {self.name} {path}"))
        return np.fromfile(path, np.float32).reshape(*self.shape[:2], width)

    def time(self, calls, cpu):
        return self.ours.numbers(f"time {self.name} {calls} {'cpu' if cpu else 'wall'}")


def train(options, workload, folder, work):
    """A run folder: one short epoch, so that the weights are those of a network in use."""
    spec, run = os.path.join(work, f"{workload.name}.toml"), os.path.join(work, f"{workload.name}-run")
    with open(spec, "w") as file:
        file.write(networks.spec(workload, folder, 1))
    subprocess.run([options.bascule, "fit", spec, "--out", run, "--quiet", "--json"], check=True,
                   stdout=subprocess.DEVNULL)
    return run


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def compare(options, name, batch, threads, ours, work):
    workload = networks_data.NAMED[name]
    workload.train, workload.valid = min(workload.train, 4000), 0
    folder = networks_data.folder(workload, options.data, options.work)
    run = os.path.join(work, f"{name}-run")
    if not os.path.exists(run):
        run = train(options, workload, folder, work)
    inputs = np.ascontiguousarray(networks_data.load(workload, folder)[0][0][:8 * batch].reshape(8, batch, -1))
    sides = {"bascule": OursOnCase(ours, run, inputs, threads, "fp32", work)}
    sides.update(predict_peers.sides(os.path.join(run, "model.safetensors"), workload.widths, inputs, threads, work))
    scores = sides["bascule"].scores()
    difference = {side: float(np.abs(peer.scores() - scores).max()) for side, peer in sides.items() if side != "bascule"}
    if max(difference.values()) > 1e-4:
        raise SystemExit(f"{name}, batch {batch}: scores differ by {difference}")
    sides["bascule bf16"] = OursOnCase(ours, run, inputs, threads, "bf16", work)
    difference["bascule bf16"] = float(np.abs(sides["bascule bf16"].scores() - scores).max())
    if difference["bascule bf16"] > 2e-2:
        raise SystemExit(f"{name}, batch {batch}: scores differ by {difference}")
    calls = {side: [] for side in sides}
    for _ in range(options.turns):
        for side, subject in sides.items():
            time.sleep(REST)
            calls[side] += subject.time(options.calls, options.cpu_time)
    return {"workload": name, "batch": batch, "threads": threads, "cpu_time": options.cpu_time, "difference": difference,
            "bytes": 4 * sum(a * b for a, b in zip(workload.widths, workload.widths[1:])),
            "flops": 2 * batch * sum(a * b for a, b in zip(workload.widths, workload.widths[1:])),
            "microseconds": {side: {"least": min(values), "p10": percentile(values, .1), "p50": statistics.median(values),
                                    "p99": percentile(values, .99), "calls": len(values)} for side, values in calls.items()}}


def print_result(result, options):
    print(f"### {result['workload']}, batch {result['batch']}, {result['threads']} thread{'s'[:result['threads'] > 1]}{', processor time' if result['cpu_time'] else ''}\n")
    print("| side | least µs | p10 | p50 | p99 | times bascule's least | p10 | p50 |\n|---|---|---|---|---|---|---|---|")
    mine = result["microseconds"]["bascule"]
    for side, us in sorted(result["microseconds"].items(), key=lambda item: item[1]["p50"]):
        figures = " | ".join(f"{us[key]:.1f}" for key in ("least", "p10", "p50", "p99"))
        ratios = " | ".join(f"{us[key] / mine[key]:.2f}" for key in ("least", "p10", "p50"))
        print(f"| {side} | {figures} | {ratios} |")
    limits = []
    if options.bandwidth:
        limits.append(("reading the weights from memory", result["bytes"] / options.bandwidth * 1e6))
    if options.peak:
        limits.append(("arithmetic", result["flops"] / (options.peak / 2 * result["threads"]) * 1e6))
    for what, us in limits:
        print(f"\n{what[0].upper()}{what[1:]} alone would take {us:.1f} µs: bascule's least reaches {us / mine['least']:.0%} of it.")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bascule", required=True)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--data", default=os.environ.get("BASCULE_DATA"))
    parser.add_argument("--work", default="build/bench-data")
    parser.add_argument("--cases", default=",".join(f"{name}x{batch}" for name, batch in CASES), help="WORKLOADxBATCH,…")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--calls", type=int, default=10, help="timed in a turn, after one that is not")
    parser.add_argument("--cpu-time", action="store_true",
                        help="processor time of all threads, for a machine that is shared: with one thread what others take is left out")
    parser.add_argument("--peak", type=float, help="FLOP/s that the machine reaches with two threads")
    parser.add_argument("--bandwidth", type=float, help="bytes/s that it reads from memory with two threads")
    parser.add_argument("--json")
    options = parser.parse_args()
    options.work = os.path.abspath(options.work)
    os.makedirs(options.work, exist_ok=True)
    results = []
    with tempfile.TemporaryDirectory() as work:
        ours = driver.Driver(os.path.abspath(options.driver))
        for case in options.cases.split(","):
            name, batch = case.split("x")
            for threads in map(int, options.threads.split(",")):
                results.append(compare(options, name, int(batch), threads, ours, work))
                print_result(results[-1], options)
        ours.close()
    if options.json:
        with open(options.json, "w") as out:
            json.dump(results, out, indent=1)


if __name__ == "__main__":
    main()
