"""Steps of Mult-VAE over a large catalogue with the exact softmax and with a sampled one, each in a process of its own:
  python bench/sampled.py --bascule build/bench/bascule --vae-bench build/bench/vae_bench --work DIR [--items 1000000]
  [--users N] [--ratings N] [--hidden N] [--latent N] [--negatives 0,N,…] [--steps N] [--json out.json]
0 negatives are the exact softmax. The set is made below DIR, synthetic, and left there."""
import argparse
import json
import os
import subprocess

from driver import Driver


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bascule", required=True)
    parser.add_argument("--vae-bench", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--items", type=int, default=1000000)
    parser.add_argument("--users", type=int, default=100000)
    parser.add_argument("--ratings", type=int, default=6000000)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--latent", type=int, default=64)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--negatives", default="8192,0")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    options = parser.parse_args()
    data = os.path.join(options.work, f"{options.items}-{options.users}-{options.ratings}")
    if not os.path.exists(data):
        subprocess.run([options.bascule, "data", "make", data, "--users", str(options.users), "--items", str(options.items),
                        "--ratings", str(options.ratings), "--seed", "1", "--quiet"], check=True)
    results = []
    for negatives in map(int, options.negatives.split(",")):
        side = Driver(options.vae_bench, options.work, os.path.basename(data), 0, 1000, options.precision,
                      f"model.hidden=[{options.hidden}]", f"model.latent={options.latent}",
                      f"model.sampled_softmax={negatives}")
        side.ask("steps 1")
        rounds = [side.numbers(f"steps {options.steps}") for _ in range(options.rounds)]
        results.append({"negatives": negatives, "seconds a step": min(seconds for seconds, _, _ in rounds) / options.steps,
                        "waited": min(waited for _, waited, _ in rounds) / options.steps, "peak MiB": rounds[-1][2]})
        side.close()
        print(json.dumps(results[-1]), flush=True)
    if options.json:
        with open(options.json, "w") as out:
            json.dump({**vars(options), "results": results}, out, indent=1)


if __name__ == "__main__":
    main()
