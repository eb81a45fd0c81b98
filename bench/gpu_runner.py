"""What the stages of gpu-check share: the time that is left, the log, programs with a limit, and results that are on
disk after every stage."""
import json
import os
import subprocess
import sys
import time


class Skipped(Exception):
    """The stage cannot be done here; the message says why."""


class Failed(Exception):
    """The stage ran and what it found is wrong, or a program of it failed."""


class Run:
    def __init__(self, out, minutes, facts):
        self.out, self.end = out, time.monotonic() + 60 * minutes
        self.results = {**facts, "complete": False, "stages": []}
        os.makedirs(out, exist_ok=True)
        self.log_file = open(os.path.join(out, "gpu-check.log"), "w", encoding="utf-8")

    def left(self):
        return self.end - time.monotonic()

    def log(self, text):
        print(text, flush=True)
        print(text, file=self.log_file, flush=True)

    def save(self):
        path = os.path.join(self.out, "results.json")
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(self.results, file, indent=1)
        os.replace(path + ".part", path)

    def call(self, command, limit, **options):
        """Output of a program, which is ended after `limit` seconds or when the whole time is up."""
        limit = min(limit, self.left())
        if limit < 2:
            raise Skipped("no time left")
        self.log_file.write("$ " + " ".join(map(str, command)) + "\n")
        begin = time.monotonic()
        # In a group of its own, so that what it started ends with it.
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, errors="replace", start_new_session=True, **options)
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            out, err = process.communicate()
            self.log_file.write(out[-4000:] + err[-4000:] + f"[ended after {limit:.0f} s]\n")
            raise Failed(f"{os.path.basename(str(command[0]))} took more than {limit:.0f} s") from None
        self.log_file.write(out[-20000:] + err[-8000:] + f"[exit {process.returncode}, {time.monotonic() - begin:.1f} s]\n")
        self.log_file.flush()
        return process.returncode, out, err

    def ask(self, command, limit, **options):
        """The JSON that a program prints; Failed with the last line of its errors otherwise."""
        code, out, err = self.call(command, limit, **options)
        if code != 0:
            raise Failed((err.strip().splitlines() or [f"exit {code}"])[-1])
        begin = out.find("{")
        return json.loads(out[begin:])

    def stage(self, name, function, budget):
        """Runs function(rows, end of its time); what it appended to rows is kept however it ends."""
        rows, begin = [], time.monotonic()
        entry = {"name": name, "status": "ok", "why": "", "rows": rows}
        self.results["stages"].append(entry)
        try:
            if self.left() < 3:
                raise Skipped("no time left")
            function(rows, min(begin + budget, self.end))
        except Skipped as why:
            entry.update(status="skipped", why=str(why))
        except Failed as why:
            entry.update(status="failed", why=str(why))
        except Exception as error:  # a stage's own mistake must not cost the others
            entry.update(status="failed", why=f"{type(error).__name__}: {error}")
        entry["seconds"] = round(time.monotonic() - begin, 2)
        self.log(f"[{entry['seconds']:6.1f} s] {name}: {entry['status']}{': ' + entry['why'] if entry['why'] else ''}")
        for row in rows:
            self.log("    " + json.dumps(row))
        self.save()
        return entry

    def finish(self):
        """Whether nothing failed."""
        self.results["complete"] = True
        self.save()
        failed = [stage["name"] for stage in self.results["stages"] if stage["status"] == "failed"]
        self.log(f"{len(self.results['stages'])} stages, failed: {', '.join(failed) or 'none'}; {self.out}/results.json")
        return not failed


def python():
    return sys.executable
