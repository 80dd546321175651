"""NodeProcess: one real docstored, started, killed, wiped and watched by a test.

Listens on loopback on ports that the kernel chose; a restart takes the same ports again when they
are still free. Start nodes from the main thread: a node dies with the thread that started it.
"""

import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

import grpc

from docstore.v1 import cluster_pb2_grpc, collection_pb2_grpc, document_pb2_grpc

# Bazel runs a test in the root of its runfiles.
DOCSTORED = os.path.abspath(os.environ.get("DOCSTORED", "server/docstored"))
# Seconds that anything here may take on a busy machine before it counts as broken.
DEADLINE_S = 60
# Siblings of one document may be much larger than gRPC's default of 4 MiB a message.
_CHANNEL_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1),
                    ("grpc.min_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200),
                    ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.use_local_subchannel_pool", 1)]


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Returns the first true value of `condition()`; AssertionError with `what` after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("not within %s s: %s" % (deadline_s, what))
        time.sleep(0.01)


class Stubs:
    """The services of one address, over a channel of its own."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=_CHANNEL_OPTIONS)
        self.documents = document_pb2_grpc.DocumentServiceStub(self.channel)
        self.collections = collection_pb2_grpc.CollectionServiceStub(self.channel)
        self.cluster = cluster_pb2_grpc.ClusterServiceStub(self.channel)

    def close(self):
        self.channel.close()


class NodeProcess:
    """One node: its name, its data directory and, while it runs, its process."""

    def __init__(self, folder, name, seeds=(), flags=()):
        self.name = name
        self.seeds = list(seeds)
        self.flags = list(flags)
        self.data = os.path.join(folder, name)
        self.log_path = os.path.join(folder, name + ".log")
        self.addresses = {}  # client, peer, http of the last start
        self.process = None
        self._stubs = None

    @property
    def client(self):
        return self.addresses["client"]

    @property
    def peer(self):
        return self.addresses["peer"]

    @property
    def stubs(self):
        """The node's services; the same channel over restarts on the same port."""
        if self._stubs is None:
            self._stubs = Stubs(self.client)
        return self._stubs

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as stream:
                return stream.read()
        except FileNotFoundError:
            return ""

    def launch(self):
        """Starts the process and returns at once."""
        assert self.process is None, "%s runs already" % self.name
        command = ["setpriv", "--pdeathsig", "KILL", DOCSTORED, "--name", self.name, "--data",
                   self.data, *self.flags]
        given = " ".join(self.flags)
        for key in ("client", "peer", "http"):
            flag = {"client": "--listen", "peer": "--peer-listen", "http": "--http-listen"}[key]
            if flag not in given:
                command += [flag, self.addresses.get(key, "127.0.0.1:0")]
        if self.seeds:
            command += ["--seeds", ",".join(self.seeds)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self, ready=True):
        """Starts the process and waits until it serves and, with `ready`, takes calls."""
        self.launch()
        try:
            wait_until(lambda: self._serves() or self.process.poll() is not None,
                       "%s serves:\n%s" % (self.name, self.log()[-2000:]))
        except AssertionError:
            self.kill()
            raise
        if self.process.poll() is not None and self.addresses and "cannot listen" in self.log()[-600:]:
            # Somebody took a port while the node was down.
            self.process = None
            self.addresses = {}
            return self.start(ready)
        if self.process.poll() is not None:
            self.process = None
            raise AssertionError("%s ended at start:\n%s" % (self.name, self.log()[-2000:]))
        if ready:
            self.wait_ready()
        return self

    def _serves(self):
        try:
            with open(os.path.join(self.data, "addresses"), encoding="utf-8") as stream:
                lines = dict(line.strip().split("=", 1) for line in stream if "=" in line)
        except FileNotFoundError:
            return False
        if lines.get("pid") != str(self.process.pid):
            return False
        found = {key: lines[key] for key in ("client", "peer", "http")}
        if found != self.addresses and self._stubs is not None:
            self._stubs.close()
            self._stubs = None
        self.addresses = found
        return True

    def wait_ready(self):
        wait_until(lambda: self.http("/readyz")[0] == 200,
                   "%s ready:\n%s" % (self.name, self.log()[-2000:]))
        # A channel from before a restart waits for its next attempt.
        grpc.channel_ready_future(self.stubs.channel).result(DEADLINE_S)

    def http(self, path):
        """Returns (status, body) of one HTTP request; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen("http://%s%s" % (self.addresses["http"], path), timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def kill(self, number=signal.SIGKILL):
        """Ends the process and returns its exit code; does nothing when it does not run."""
        if self.process is None:
            return None
        self.process.send_signal(number)
        return self.wait_end()

    def stop(self):
        return self.kill(signal.SIGTERM)

    def wait_end(self, timeout_s=DEADLINE_S):
        """Waits until the process has ended by itself and returns its exit code."""
        code = self.process.wait(timeout_s)
        self.process = None
        return code

    def wipe(self):
        """Takes the disk away; the node must be down."""
        assert self.process is None, "%s still runs" % self.name
        shutil.rmtree(self.data)

    def close(self):
        self.kill()
        if self._stubs is not None:
            self._stubs.close()
            self._stubs = None
