"""iALS: seconds an iteration and quality of Bascule against implicit, by turns on the same interactions and objective.
  python bench/ials.py --bascule build/bench/bascule --vae-bench build/bench/vae_bench --data-dir DIR --data SET
  [--factors 64,128,256] [--rounds N] [--quality-factors F] [--json out.json]
The objective is Hu et al.'s, as implicit has it, but that implicit takes 1 off the confidence in the quadratic term:
frequency_exponent = 0, unobserved = 1 / alpha, factor_l2 = reg / alpha.
Quality is that of the same split: both are fitted on its training users and fold its test users in."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from driver import Driver
from tensors import tensors

HERE = os.path.dirname(os.path.abspath(__file__))


def settings(options, factors, iterations):
    pairs = {"data.path": options.data, "data.min_rating": options.min_rating, "evaluate.heldout": options.heldout,
             "model.factors": factors, "model.iterations": iterations, "model.frequency_exponent": 0,
             "model.unobserved": 1 / options.alpha, "model.factor_l2": options.reg / options.alpha}
    return [word for key, value in pairs.items() for word in ("--set", f"{key}={value}")]


def bascule(options, *words):
    return json.loads(subprocess.run([options.bascule, *words, "--data", options.data_dir, "--quiet", "--json", "--threads",
                                      str(options.threads)], check=True, stdout=subprocess.PIPE, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bascule", required=True)
    parser.add_argument("--vae-bench", required=True, help="writes the split")
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--min-rating", default="0")
    parser.add_argument("--heldout", type=int, default=600)
    parser.add_argument("--factors", default="64,128,256")
    parser.add_argument("--quality-factors", type=int, default=64)
    parser.add_argument("--iterations", type=int, default=15)
    parser.add_argument("--timed-iterations", type=int, default=2)
    parser.add_argument("--alpha", type=float, default=3.0)
    parser.add_argument("--reg", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json")
    options = parser.parse_args()
    result = {"data": options.data, "alpha": options.alpha, "reg": options.reg, "seconds_an_iteration": {}}
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads), OPENBLAS_NUM_THREADS="1")
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as work:
        run, split = os.path.join(work, "run"), os.path.join(work, "split.safetensors")
        writer = Driver(options.vae_bench, options.data_dir, options.data, options.min_rating, options.heldout, "fp32")
        writer.ask("dump " + split)
        writer.close()
        bascule(options, "fit", "ml-20m-ials", "--out", run, *settings(options, 1, 1))
        arrays = tensors(os.path.join(run, "model.safetensors"))
        result.update(users=len(arrays["interactions.offsets"]) - 1, items=len(arrays["item_users"]),
                      interactions=len(arrays["interactions.indices"]))
        peer = subprocess.Popen([sys.executable, os.path.join(HERE, "ials_peer.py"), os.path.join(run, "model.safetensors"), split,
                                 str(options.alpha), str(options.reg), str(options.threads)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

        def ask(line):
            peer.stdin.write(line + "\n")
            peer.stdin.flush()
            return [float(word) for word in peer.stdout.readline().split()]

        for factors in map(int, options.factors.split(",")):
            ours, theirs = [], []
            for _ in range(options.rounds):
                fit = bascule(options, "fit", "ml-20m-ials", "--out", os.path.join(work, "timed"),
                              *settings(options, factors, options.timed_iterations))
                ours.append(fit["seconds"]["factors"] / options.timed_iterations)
                theirs.append(ask(f"time {factors} {options.timed_iterations}")[0])
            row = {"bascule": statistics.median(ours), "implicit": statistics.median(theirs)}
            row["times"] = row["implicit"] / row["bascule"]
            result["seconds_an_iteration"][factors] = row
            print(f"{factors} factors: Bascule {row['bascule']:.4f} s, implicit {row['implicit']:.4f} s, {row['times']:.2f} times")
        if options.quality_factors:
            words = settings(options, options.quality_factors, options.iterations)
            bascule(options, "fit", "ml-20m-ials", "--out", run, *words)
            metrics = bascule(options, "evaluate", run, "--at", "20,50,100")["metrics"]
            names = ("ndcg@100", "recall@20", "recall@50")
            theirs = ask(f"quality {options.quality_factors} {options.iterations}")
            result["quality"] = {"bascule": {name: metrics[name]["value"] for name in names}, "implicit": dict(zip(names, theirs)),
                                 "stderr": metrics["ndcg@100"]["stderr"]}
            print(json.dumps(result["quality"], indent=1))
        peer.stdin.close()
        peer.wait()
    if options.json:
        with open(options.json, "w") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
