"""Runs the `docstore` shell as a user would, and reads what it prints."""

import json
import os
import subprocess

DOCSTORE = os.path.abspath(os.environ.get("DOCSTORE", "client/docstore"))
TIMEOUT_S = 120

# Exit codes that scripts rely on.
OK, FAILED, USAGE, NOT_FOUND, CONDITION, UNREACHABLE, NO_ACCESS, NOT_CONVERGED, PARTIAL, DIVERGED = range(10)


class Outcome:
    """What one run of the shell gave back."""

    def __init__(self, command, completed):
        self.command = command
        self.code = completed.returncode
        self.out = completed.stdout.decode()
        self.err = completed.stderr.decode()

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __str__(self):
        return "%s\nexit %d\nstdout: %s\nstderr: %s" % (self.command, self.code, self.out, self.err)


def run(server, *arguments, stdin=b""):
    """Runs `docstore --server SERVER ARGUMENTS...`; stdin is bytes. Never raises for an exit code."""
    command = [DOCSTORE, *(["--server", server] if server else []), *arguments]
    environment = {key: value for key, value in os.environ.items() if key != "DOCSTORE_SERVER"}
    completed = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               timeout=TIMEOUT_S, env=environment, check=False)
    return Outcome(" ".join(command), completed)


def execute(server, line, code=OK):
    """Runs one command line and checks its exit code."""
    outcome = run(server, "-e", line)
    if outcome.code != code:
        raise AssertionError("expected exit %d: %s" % (code, outcome))
    return outcome
