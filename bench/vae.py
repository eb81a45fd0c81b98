"""Mult-VAE: training steps, lists and quality of Bascule against PyTorch, by turns in one run.
  python bench/vae.py --vae-bench build/bench/vae_bench --gemm-bench build/bench/gemm_bench --data-dir DIR --data SET
  [--min-rating R] [--heldout N] [--rounds N] [--steps N] [--epochs N] [--json out.json]
--epochs trains PyTorch for its quality on the same split; that of Bascule is a fit (see the README)."""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

from driver import Driver
from tensors import tensors

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = [("fp32", "eager"), ("fp32", "compile"), ("bf16", "eager"), ("bf16", "compile")]


def step_gflop(split, items):
    """The products of a step of 500 users: forward, and by both factors but the sparse input."""
    arrays = tensors(split)
    stored = len(arrays["train.indices"]) / (len(arrays["train.offsets"]) - 1)
    wide, inner = 600 * items, 600 * 400 + 200 * 600
    return 500 * (6 * (wide + inner) + 4 * .5 * stored * 600) * 1e-9


def peak(options, precision):
    """GFLOP/s of the machine's multiply-adds."""
    words = [options.gemm_bench, "--limits", "64"] + (["--bf16"] if precision == "bf16" else [])
    out = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
    return float(re.search(r"peak, 2 threads: ([0-9.]+)", out)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vae-bench", required=True)
    parser.add_argument("--gemm-bench", required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--min-rating", default="4")
    parser.add_argument("--heldout", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=0)
    parser.add_argument("--modes", default="eager,compile")
    parser.add_argument("--peer-precisions", default="fp32,bf16",
                        help="of PyTorch, whose bf16 is far slower than fp32 on a processor without such products")
    parser.add_argument("--json")
    options = parser.parse_args()
    sides, result = {}, {"peak_gflops": {precision: peak(options, precision) for precision in ("fp32", "bf16")}}
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as work:
        split = os.path.join(work, "split.safetensors")
        for precision in ("fp32", "bf16"):
            sides[f"bascule {precision}"] = Driver(options.vae_bench, options.data_dir, options.data, options.min_rating,
                                                 options.heldout, precision)
        items = int(sides["bascule fp32"].ask("dump " + split))
        result["gflop_a_step"] = step_gflop(split, items)
        for precision, mode in PEERS:
            if mode in options.modes.split(",") and precision in options.peer_precisions.split(","):
                sides[f"PyTorch {mode} {precision}"] = Driver(sys.executable, os.path.join(HERE, "vae_torch.py"), split, items,
                                                            precision, mode, options.threads)
        for name, side in sides.items():  # compiles and fills caches
            side.ask("steps 3")
            side.ask("lists 500")
        times = {name: {"steps": [], "lists": [], "one": []} for name in sides}
        for _ in range(options.rounds):
            for name, side in sides.items():
                answer = side.numbers(f"steps {options.steps}")
                times[name]["steps"].append(answer[0] / options.steps)
                if name.startswith("bascule"):
                    result.setdefault("waiting_share", {})[name] = answer[1] / answer[0]
                    result.setdefault("peak_mib", {})[name] = answer[2]
            for name, side in sides.items():
                seconds, users = side.numbers(f"lists {options.users}")
                times[name]["lists"].append(seconds / users)
                times[name]["one"] += side.numbers("one 31")
        result.update(items=items, heldout=options.heldout, data=options.data,
                      seconds={name: {what: statistics.median(all) for what, all in part.items()} for name, part in times.items()})
        for precision in ("fp32", "bf16"):
            reached = result["gflop_a_step"] / result["seconds"][f"bascule {precision}"]["steps"]
            result.setdefault("share_of_peak", {})[precision] = reached / result["peak_gflops"][precision]
        if options.epochs:
            side = Driver(sys.executable, os.path.join(HERE, "vae_torch.py"), split, items, "fp32", "eager", options.threads)
            keys = ("best_epoch", "valid_ndcg@100", "test_ndcg@100", "test_recall@20", "test_recall@50", "seconds")
            result["PyTorch quality"] = dict(zip(keys, side.numbers(f"train {options.epochs}")))
            side.close()
        for side in sides.values():
            side.close()
    for name, seconds in result["seconds"].items():
        print(f"{name:24} {500 / seconds['steps']:8.0f} users/s trained  {1 / seconds['lists']:8.0f} users/s listed  "
              f"{seconds['one'] * 1e3:6.2f} ms one user")
    print(json.dumps({key: value for key, value in result.items() if key != "seconds"}, indent=1))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
