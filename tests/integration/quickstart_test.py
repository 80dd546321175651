#!/usr/bin/python3
"""deploy/quickstart with binaries that are built already: the whole story on ports of its own."""

import os
import random
import shutil
import socket
import subprocess
import unittest

import cluster
import shell
from node_process import DOCSTORED, wait_until

_QUICKSTART = os.path.abspath("deploy/quickstart")
_RUN_TIMEOUT_S = 120
# Below the ports that the kernel gives to clients.
_PORTS = range(20000, 31000, 30)


def free_port():
    """The first of nine ports, as the quickstart spreads them, that nobody listens on."""
    for port in random.sample(_PORTS, len(_PORTS)):
        sockets = []
        try:
            for offset in (0, 1, 2, 10, 11, 12, 20, 21, 22):
                sockets.append(socket.create_server(("127.0.0.1", port + offset)))
            return port
        except OSError:
            pass
        finally:
            for each in sockets:
                each.close()
    raise AssertionError("no free ports")


class QuickstartTest(cluster.ClusterTest):

    def setUp(self):
        super().setUp()
        self.binaries = os.path.join(self.folder, "built")
        os.mkdir(self.binaries)
        os.symlink(DOCSTORED, os.path.join(self.binaries, "docstored"))
        os.symlink(shell.DOCSTORE, os.path.join(self.binaries, "docstore"))
        self.place = os.path.join(self.folder, "a place")
        self.port = free_port()
        self.addCleanup(self.run_quickstart, "stop")

    def run_quickstart(self, *arguments, place=None):
        """Runs it without HOME, as a service would; returns (exit code, all output)."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DOCSTORE_QUICKSTART_DIR": place or self.place,
                       "DOCSTORE_QUICKSTART_PORT": str(self.port), "DOCSTORE_QUICKSTART_BIN": self.binaries,
                       "DOCSTORE_SERVER": "127.0.0.1:1", "DOCSTORE_NAME": "stranger"}
        # Not a pipe: the nodes outlive the script, and nobody may wait for them.
        with open(os.path.join(self.folder, "output"), "w+b") as output:
            completed = subprocess.run([_QUICKSTART, *arguments], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, timeout=_RUN_TIMEOUT_S, env=environment, check=False)
            output.seek(0)
            return completed.returncode, output.read().decode()

    def tell(self):
        code, text = self.run_quickstart()
        self.assertEqual(code, 0, text)
        return text

    def server(self, number):
        return "127.0.0.1:%d" % (self.port + 10 * (number - 1))

    def node_at(self, number):
        """The text of `cluster status` at one node, empty when nobody answers."""
        return shell.run(self.server(number), "-e", "cluster status").out

    def test_story_then_again_then_stop_and_again(self):
        text = self.tell()
        self.assertNotIn("\x1b", text)
        for expected in ("[8/8]", "14 282 records imported", "converged in", "kill -9", "byte for byte",
                         "node3: 14 282 documents", "resolve story/lunch keep 2", self.place):
            self.assertIn(expected, text)
        shell.execute(self.server(2), 'put languages/my-own {"name":"kept"}')
        again = self.tell()
        self.assertIn("node1 runs already", again)
        self.assertIn("node3: 14 283 documents", again)
        code, text = self.run_quickstart("stop")
        self.assertEqual(code, 0, text)
        self.assertIn("3 nodes ended", text)
        self.assertEqual([self.node_at(number) for number in (1, 2, 3)], ["", "", ""])
        self.tell()
        self.assertIn("kept", shell.execute(self.server(3), "get languages/my-own").out)

    def test_taken_port_is_named_with_its_holder(self):
        with socket.create_server(("127.0.0.1", self.port + 11)):
            code, text = self.run_quickstart()
        self.assertNotEqual(code, 0)
        self.assertIn("port %d is taken by process %d" % (self.port + 11, os.getpid()), text)
        self.assertIn("DOCSTORE_QUICKSTART_PORT", text)
        self.assertEqual(self.node_at(1), "")

    def test_stop_ends_only_its_own_processes(self):
        # The same executable as the quickstart's nodes, on data that is not theirs.
        os.makedirs(os.path.join(self.place, "bin"))
        binary = os.path.join(self.place, "bin", "docstored")
        shutil.copy(DOCSTORED, binary)
        self.assertEqual(self.run_quickstart("stop")[0], 0)
        with open(os.path.join(self.folder, "log"), "wb") as log:
            stranger = subprocess.Popen(
                [binary, "--name", "node1", "--data", os.path.join(self.folder, "stranger"), "--listen",
                 "127.0.0.1:0", "--peer-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(lambda: (stranger.kill(), stranger.wait()))
        # Another executable on the data of one of its nodes.
        other = self.node("node2", folder=self.place).start()
        wait_until(lambda: os.path.exists(os.path.join(self.folder, "stranger", "addresses")), "it serves")
        code, text = self.run_quickstart("stop")
        self.assertEqual(code, 0, text)
        self.assertIn("0 nodes ended", text)
        self.assertIsNone(stranger.poll())
        self.assertIsNone(other.process.poll())

    def test_failing_node_ends_the_run_with_its_log(self):
        os.makedirs(self.place)
        # node2's data directory cannot be one.
        with open(os.path.join(self.place, "node2"), "w", encoding="utf-8") as stream:
            stream.write("in the way")
        code, text = self.run_quickstart()
        self.assertNotEqual(code, 0)
        self.assertIn("node2.log", text)
        self.assertIn(os.path.join(self.place, "node2"), text)

    def test_bad_arguments_say_what_to_do(self):
        for arguments in (["frobnicate"], ["stop", "now"]):
            code, text = self.run_quickstart(*arguments)
            self.assertEqual(code, 1)
            self.assertIn("deploy/quickstart stop", text)
        self.assertIn("DOCSTORE_QUICKSTART_DIR", self.run_quickstart("--help")[1])


if __name__ == "__main__":
    unittest.main()
