"""EASE: fit and lists of Bascule against NumPy, SciPy and PyTorch on the same interactions.
  python bench/linear.py --bascule build/bench/bascule --data SET [--json out.json]
SET is what data.path takes; every value counts 1. Peers run one after another, each in a process of its own."""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile

import numpy as np

from tensors import tensors

HERE = os.path.dirname(os.path.abspath(__file__))


def spec(options, heldout):
    return (f'task = "recommend"\n[data]\npath = "{options.data}"\nbinarise = true\n'
            f'min_rating = {options.min_rating}\nmin_user_ratings = 5\n'
            f'[model]\ntype = "ease"\nl2 = {options.l2}\n[evaluate]\nheldout = {heldout}\n')


def bascule(options, *arguments):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    out = subprocess.run([options.bascule, *arguments, "--quiet", "--json", "--threads", str(options.threads)],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out), max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def peer(options, mode, path):
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads), OPENBLAS_NUM_THREADS=str(options.threads))
    done = subprocess.run([sys.executable, os.path.join(HERE, "linear_peers.py"), mode, path, str(options.l2),
                           str(options.threads)], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{mode}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bascule", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--min-rating", type=float, default=0.0)
    parser.add_argument("--heldout", type=int, default=2000)
    parser.add_argument("--l2", type=float, default=500.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", default="fit-lapack,fit-inv,top-torch,top-scipy")
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as work:
        path, run = os.path.join(work, "spec.toml"), os.path.join(work, "run")
        with open(path, "w") as file:
            file.write(spec(options, options.heldout))
        fit, peak = bascule(options, "fit", path, "--out", run)
        test, _ = bascule(options, "evaluate", run, "--at", "100")
        arrays = tensors(os.path.join(run, "model.safetensors"))
        shape = (len(arrays["interactions.offsets"]) - 1, arrays["ease.weights"].shape[0])
        x = {"data": np.asarray(arrays["interactions.values"]), "indices": np.asarray(arrays["interactions.indices"]),
             "indptr": np.asarray(arrays["interactions.offsets"]), "shape": shape}
        fit_file, top_file = os.path.join(work, "fit.npz"), os.path.join(work, "top.npz")
        np.savez(fit_file, **x)
        end = x["indptr"][options.heldout]
        held = {"held_data": x["data"][:end], "held_indices": x["indices"][:end],
                "held_indptr": x["indptr"][:options.heldout + 1], "held_shape": (options.heldout, shape[1])}
        np.savez(top_file, weights=arrays["ease.weights"][:, :shape[1]], **held)
        result = {"users": shape[0], "items": shape[1], "interactions": len(x["data"]),
                  "bascule": {"seconds": fit["seconds"], "peak_mib": peak,
                              "lists_and_metrics": test["seconds"]["evaluate"],
                              "users": test["users"]},
                  "peers": {mode: peer(options, mode, top_file if mode.startswith("top") else fit_file)
                            for mode in options.peers.split(",")}}
    print(json.dumps(result, indent=1))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
