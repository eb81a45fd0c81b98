"""Cold start: `bascule recommend` on a saved run, from the start of the process to its end.

  python bench/start.py --bascule build/release/bascule --run runs/bx --item 059035342X"""
import argparse
import json
import statistics
import subprocess
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bascule", required=True)
    parser.add_argument("--run", required=True)
    parser.add_argument("--item", required=True)
    parser.add_argument("--repeats", type=int, default=41)
    parser.add_argument("--json")
    options = parser.parse_args()
    command = [options.bascule, "recommend", options.run, "--item", options.item, "--json"]
    seconds = []
    for _ in range(options.repeats):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    result = {"median_ms": statistics.median(seconds) * 1e3, "min_ms": seconds[0] * 1e3, "max_ms": seconds[-1] * 1e3}
    print("| command | median | fastest | slowest |\n|---|---|---|---|")
    print(f"| recommend --item, {options.repeats} processes | {result['median_ms']:.1f} ms | {result['min_ms']:.1f} ms | "
          f"{result['max_ms']:.1f} ms |")
    if options.json:
        with open(options.json, "w") as out:
            json.dump(result, out, indent=1)


if __name__ == "__main__":
    main()
