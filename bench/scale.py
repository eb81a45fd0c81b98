"""Time and peak memory by stage as the interactions grow: synthetic sets of Netflix's catalogue (17,770 items), with users in
proportion: 4,779 for 1 M interactions, 480,189 for the 100 M of the whole.
  python bench/scale.py --bascule build/bench/bascule --vae-bench build/bench/vae_bench --work DIR [--millions 1,10,100]
  [--steps N] [--rounds N] [--models popularity,ials,mult-vae,item-knn,ease] [--keep] [--json out.json]
Each model is a process of its own, so its peak is that of reading, preparing and fitting. iALS: one iteration with 64 factors,
which is its epoch (stage "factors"). Mult-VAE: N steps of 500 users are timed, and an epoch is so many of them.
The sets are made below DIR, 2.5 GB for the largest, and deleted."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import time

from driver import Driver

ITEMS, USERS, WHOLE, BATCH = 17770, 480189, 100480507, 500


def call(words):
    """JSON of a call, its seconds, and its peak in MiB."""
    begin = time.perf_counter()
    process = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, text=True)
    answer = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}: exit code {process.returncode}")
    return json.loads(answer), time.perf_counter() - begin, usage.ru_maxrss / 1024


def fit(options, data, model):
    more = {"ials": ["model.factors=64", "model.iterations=1"], "ease": ["model.l2=500.0"],
            "item-knn": ["model.neighbors=100"]}.get(model, [])
    run = os.path.join(options.work, "run")
    keys = [f"model.type={model}", f"data.path={data}", "data.min_rating=0", "data.binarise=true", *more]
    answer, seconds, peak = call([options.bascule, "fit", f"ml-20m-{model.replace('-', '')}", "--out", run, "--quiet", "--json",
                                  "--threads", options.threads, *(word for key in keys for word in ("--set", key))])
    shutil.rmtree(run)
    return {"stages": answer["seconds"], "seconds": seconds, "peak MiB": peak}


def mult_vae(options, data, users):
    heldout = users // 48
    side = Driver(options.vae_bench, os.path.dirname(data), os.path.basename(data), 0, heldout, "fp32")
    side.ask("steps 2")
    seconds, peak = [], 0
    for _ in range(options.rounds):
        took, _, peak = map(float, side.ask(f"steps {options.steps}").split())
        seconds.append(took / options.steps)
    side.close()
    return {"seconds a step": statistics.median(seconds), "seconds": statistics.median(seconds) * -(-(users - 2 * heldout) // BATCH),
            "peak MiB": peak}


def measure(options, millions):
    share = 1 if millions == 100 else millions * 1e6 / WHOLE
    users, rows = round(USERS * share), round(WHOLE * share)
    data = os.path.join(options.work, f"{millions}m")
    result = {"interactions": rows, "users": users}
    if not os.path.exists(data):
        _, seconds, peak = call([options.bascule, "data", "make", data, "--users", users, "--items", ITEMS, "--ratings", rows,
                                 "--seed", 1, "--quiet", "--json"])
        result["make"] = {"seconds": seconds, "peak MiB": peak}
    for model in filter(None, options.models.split(",")):
        result[model] = mult_vae(options, data, users) if model == "mult-vae" else fit(options, data, model)
        print(f"{millions} M {model}: {json.dumps(result[model])}", flush=True)
    if not options.keep:
        shutil.rmtree(data)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bascule", required=True)
    parser.add_argument("--vae-bench", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--millions", default="1,10,100")
    parser.add_argument("--models", default="popularity,ials,mult-vae,item-knn")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="leave the sets where they are, to be used again")
    parser.add_argument("--json")
    options = parser.parse_args()
    options.work = os.path.abspath(options.work)
    os.makedirs(options.work, exist_ok=True)
    results = [measure(options, int(millions)) for millions in options.millions.split(",")]
    if options.json:
        with open(options.json, "w") as out:
            json.dump(results, out, indent=1)


if __name__ == "__main__":
    main()
