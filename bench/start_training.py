"""Start-up of a fit: from the start of the process to the end of the first training step, files in the page cache.

  python3 bench/start_training.py --bascule build/bench/bascule --data FOLDER [--spec cifar10-mlp] [--json out.json]

FOLDER holds cifar-10/ with the unpacked files. Prints a Markdown table."""
import argparse
import json
import statistics
import subprocess
import tempfile
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bascule", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--spec", default="cifar10-mlp")
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--json")
    options = parser.parse_args()
    runs = []
    for _ in range(options.repeats + 1):
        with tempfile.TemporaryDirectory() as out:
            start = time.perf_counter()
            subprocess.run([options.bascule, "--version"], check=True, stdout=subprocess.DEVNULL)
            process = time.perf_counter() - start
            command = [options.bascule, "fit", options.spec, "--data", options.data, "--out", out + "/run", "--set",
                       "train.epochs=1", "--json", "--quiet"]
            said = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        seconds = said["seconds"]
        runs.append({"first step": process + said["first_step_seconds"], "read": seconds["read"],
                     "read and normalise": seconds["read"] + seconds["normalise"]})
    runs = runs[1:]  # the first fills the page cache
    result = {name: statistics.median(run[name] for run in runs) * 1e3 for name in runs[0]}
    print(f"| {options.spec}, median of {options.repeats} | ms |\n|---|---|")
    for name, milliseconds in result.items():
        print(f"| {'process start to first step' if name == 'first step' else name} | {milliseconds:.1f} |")
    if options.json:
        with open(options.json, "w") as out:
            json.dump(result, out, indent=1)


if __name__ == "__main__":
    main()
