"""Training of dense networks against PyTorch, tf.keras, JAX and scikit-learn, side by side in one run.

  python bench/networks.py --bascule build/bench/bascule --data $BASCULE_DATA --work build/bench-data [--json out.json]

A figure is the median time of whole epochs, data and validation included, the first epoch (warm-up, compilation)
left out; every side in a process of its own, the sides in turn, `--rounds` times. Prints Markdown tables."""
import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile

import networks_data

HERE = os.path.dirname(os.path.abspath(__file__))
# Each peer in the modes that its users reach for; the best of them counts.
PEERS = {
    "PyTorch": ("networks_torch.py", ["eager", "eager+foreach", "eager+fused", "compile+fused"], ["eager+fused+bf16", "compile+fused+bf16"]),
    "tf.keras": ("networks_keras.py", ["function", "xla"], ["function+bf16"]),
    "JAX": ("networks_jax.py", ["scan", "step"], ["scan+bf16"]),
    "scikit-learn": ("networks_sklearn.py", ["fit"], []),
}


def spec(workload, folder, epochs):
    optimizer = {"nesterov": f'{{ type = "nesterov", lr = {workload.lr}, momentum = 0.9 }}',
                 "sgd": f'{{ type = "sgd", lr = {workload.lr} }}',
                 "adam": f'{{ type = "adam", lr = {workload.lr} }}'}[workload.optimizer]
    low, high = (-0.5, 0.5) if workload.data == "cifar-grey" else (0, 1)
    text = (f'task = "classify"\n[data]\npath = "{folder}"\nscale = [{low}, {high}]\n'
            f"valid_fraction = {workload.valid / (workload.train + workload.valid)}\n")
    for width in workload.hidden:
        text += f'[[model.layers]]\ntype = "dense"\nunits = {width}\nactivation = "relu"\n'
    text += '[[model.layers]]\ntype = "dense"\nunits = 10\nactivation = "softmax"\n'
    text += (f'[train]\nloss = "sparse_cross_entropy"\noptimizer = {optimizer}\nepochs = {epochs}\n'
             f"batch_size = {workload.batch}\nshuffle = {str(workload.shuffle).lower()}\n")
    return text


def ours(options, workload, folder, epochs, precision):
    with tempfile.TemporaryDirectory() as out:
        path = os.path.join(out, "spec.toml")
        with open(path, "w") as file:
            file.write(spec(workload, folder, epochs))
        command = [options.bascule, "fit", path, "--out", os.path.join(out, "run"), "--quiet", "--json",
                   "--threads", str(options.threads), "--precision", precision]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(out, "run", "history.jsonl")) as file:
            return [json.loads(line)["seconds"] for line in file]


def peer(options, script, workload, folder, mode, epochs):
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads), PYTHONPATH=HERE,
                       XLA_FLAGS="--xla_cpu_multi_thread_eigen=true",
                       # PyTorch frees and maps its temporaries anew in every step otherwise.
                       GLIBC_TUNABLES="glibc.malloc.mmap_threshold=4294967295:glibc.malloc.trim_threshold=4294967295")
    command = [sys.executable, os.path.join(HERE, script), json.dumps(workload.__dict__), folder, mode, str(epochs),
               str(options.threads)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{script} {mode}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(options, name):
    workload = networks_data.NAMED[name]
    if options.train:
        workload.train = min(workload.train, options.train)
        workload.valid = min(workload.valid, options.train // 4)
    folder = networks_data.folder(workload, options.data, options.work)
    epochs = options.epochs + 1
    seconds = {}

    def note(side, values):
        if values:
            seconds.setdefault(side, []).extend(values[1:])

    for _ in range(options.rounds):
        for precision in options.precisions.split(","):
            note(("bascule", precision), ours(options, workload, folder, epochs, precision))
        for side, (script, fp32, bf16) in PEERS.items():
            if side not in options.peers.split(","):
                continue
            wanted = options.peer_precisions.split(",")
            for mode in (fp32 if "fp32" in wanted else []) + (bf16 if "bf16" in wanted else []):
                note((f"{side} {mode}", "bf16" if mode in bf16 else "fp32"), peer(options, script, workload, folder, mode, epochs))
    median = {side: statistics.median(values) for side, values in seconds.items()}
    best = {precision: min(((s, side) for (side, p), s in median.items() if side != "bascule" and p == precision), default=None)
            for precision in ("fp32", "bf16")}
    least, sentence = limit(options, workload) if options.gemm_bench else (None, None)
    return {"workload": name, "train": workload.train, "valid": workload.valid, "gflop": workload.flops() / 1e9,
            "limit": least, "limit_is": sentence, "seconds": {f"{side} ({p})": s for (side, p), s in median.items()}, "best": best}


def ratios(result):
    """fp32 against fp32, and bf16 against what is faster of the peers' two precisions."""
    seconds, best = result["seconds"], result["best"]
    if best["fp32"]:
        yield f"fp32: {best['fp32'][0] / seconds['bascule (fp32)']:.2f} times as fast as {best['fp32'][1]}."
    fastest = min((b for b in best.values() if b), default=None)
    if fastest and "bascule (bf16)" in seconds:
        yield f"bf16: {fastest[0] / seconds['bascule (bf16)']:.2f} times as fast as {fastest[1]}, the fastest in either precision."


def limit(options, workload):
    """Seconds of an epoch at the machine's limits, measured now, and a sentence about them."""
    mebibytes = f"{workload.mebibytes():.1f}"
    out = subprocess.run([options.gemm_bench, "--limits", mebibytes], check=True, capture_output=True, text=True).stdout
    peak = float(re.search(r"peak, 2 threads: ([0-9.]+)", out)[1])
    bandwidth = float(re.search(r"memory, 2 threads, .*: ([0-9.]+)", out)[1])
    seconds, bound = workload.limit(peak * 1e9, bandwidth * 1e9)
    return seconds, (f"{peak:.0f} GFLOP/s and, in place on {mebibytes} MiB, {bandwidth:.0f} GB/s: the epoch would take "
                     f"{seconds:.3f} s, {bound / seconds:.0%} of it bound by memory")


def variants(options, name, count):
    """Seconds and share of the limit for shapes drawn at random."""
    draw, rows = random.Random(options.seed), []
    for index in range(count + 1):
        workload = networks_data.variant(name, draw) if index else networks_data.NAMED[name]
        workload.train = min(workload.train, 16000)
        workload.valid = min(workload.valid, 4000)
        folder = networks_data.folder(workload, options.data, options.work)
        seconds = statistics.median(ours(options, workload, folder, options.epochs + 1, "fp32")[1:])
        rows.append({"workload": workload.name, "seconds": seconds, "share": limit(options, workload)[0] / seconds})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bascule", required=True)
    parser.add_argument("--data", default=os.environ.get("BASCULE_DATA"))
    parser.add_argument("--work", default="build/bench-data")
    parser.add_argument("--workloads", default="C1,C3,C4")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--peer-precisions", default="fp32,bf16",
                        help="of the peers, whose bf16 is far slower than fp32 on a processor without such products")
    parser.add_argument("--epochs", type=int, default=3, help="timed, after one that is not")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--train", type=int, help="only so many samples in an epoch")
    parser.add_argument("--variants", type=int, default=0, help="so many random shapes of each kind, ours alone")
    parser.add_argument("--gemm-bench", help="the program that measures the machine's limits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json")
    options = parser.parse_args()
    if options.variants and not options.gemm_bench:
        parser.error("--variants needs --gemm-bench")
    options.work = os.path.abspath(options.work)
    os.makedirs(options.work, exist_ok=True)
    results = {"compare": [compare(options, name) for name in options.workloads.split(",")]} if options.peers else {"compare": []}
    for result in results["compare"]:
        mine = result["seconds"].get("bascule (fp32)")
        print(f"### {result['workload']}: {result['train']} samples, {result['valid']} validated, {result['gflop']:.1f} GFLOP\n")
        print("| side | seconds an epoch | bascule is so many times faster |\n|---|---|---|")
        for side, seconds in sorted(result["seconds"].items(), key=lambda item: item[1]):
            print(f"| {side} | {seconds:.3f} | {seconds / mine:.2f} |")
        for line in ratios(result):
            print(f"\n{line}")
        if result["limit"]:
            print(f"\nfp32 reaches {result['limit'] / mine:.0%} of the machine's limit: {result['limit_is']}.")
        print()
    if options.variants:
        results["variants"] = {name: variants(options, name, options.variants) for name in options.workloads.split(",")}
        print("| shape | seconds an epoch | share of the limit |\n|---|---|---|")
        for rows in results["variants"].values():
            for row in rows:
                print(f"| {row['workload']} | {row['seconds']:.3f} | {row['share']:.0%} |")
    if options.json:
        with open(options.json, "w") as out:
            json.dump(results, out, indent=1)


if __name__ == "__main__":
    main()
