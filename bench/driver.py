"""The runner's side of driver.h: a timing program that answers one command per line."""
import subprocess


class Driver:
    def __init__(self, *words):
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the driver stopped at: {command}")
        return answer

    def numbers(self, command):
        return [float(word) for word in self.ask(command).split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
