#!/usr/bin/python3
"""`docstore demo`: three temporary nodes, and faults done to them by hand."""

import json
import os
import signal
import subprocess
import tempfile
import unittest

import shell
from node_process import DEADLINE_S, DOCSTORED, wait_until
from terminal import Terminal

STARTED = "\\quit or Ctrl-D ends"  # stands in the text that the demo begins with


def children_in(folder):
    """Returns the ids of processes whose command line names `folder`."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, encoding="utf-8", errors="replace") as stream:
                if folder in stream.read():
                    found.append(int(pid))
        except OSError:
            continue
    return found


class DemoTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start(self, *arguments):
        """A demo that takes its commands from a pipe."""
        environment = dict(os.environ, TMPDIR=self.folder)
        command = [shell.DOCSTORE, "demo", "--docstored", DOCSTORED, *arguments]
        demo = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=environment, text=True)
        self.addCleanup(demo.communicate)
        self.addCleanup(demo.kill)
        return demo

    def run_script(self, lines, code=0):
        demo = self.start()
        out, err = demo.communicate("\n".join(lines) + "\n", timeout=3 * DEADLINE_S)
        self.assertEqual(demo.returncode, code, out + err)
        self.assert_nothing_left()
        return [json.loads(line) for line in out.splitlines()], err

    def assert_nothing_left(self):
        self.assertEqual(os.listdir(self.folder), [])
        wait_until(lambda: not children_in(self.folder), "no process is left")

    def await_started(self, demo):
        while STARTED not in demo.stderr.readline():
            self.assertIsNone(demo.poll())
        self.assertEqual(len(children_in(self.folder)), 3)

    def test_partition_conflict_and_heal(self):
        answers, err = self.run_script([
            "\\load 90", "\\heal", "\\partition 3", "\\load 30", "\\conflict", "\\node 3",
            'put people/new {"name":"written while cut off"}', "\\status", "\\heal", "\\status", "conflicts",
            "\\node 2", "get people/new", "get stock/beans --all", "resolve stock/beans keep 2", "\\heal",
            "\\quit"])
        self.assertEqual(answers[0]["written"], 90)
        # Nothing was cut, but now all nodes know what the others have.
        self.assertEqual((answers[1]["healed"], answers[1]["converged"]), ([], True))
        self.assertEqual(answers[2], {"cut": "node3"})
        self.assertEqual(answers[3]["written"], 30)
        self.assertTrue(answers[4]["separated"])
        cut = {row["node"]: row for row in answers[7:10]}
        self.assertEqual(cut["node3"]["state"], "cut off")
        self.assertEqual(cut["node3"]["linked"], [])
        # node1 wrote 10 of the load and one of the conflict; node2's 10 may be on their way to it.
        self.assertTrue(11 <= cut["node3"]["behind"] <= 21, cut)
        # 10 of the load, the other of the conflict, and new.
        self.assertEqual(cut["node3"]["ahead"], 12)
        healed = answers[10]
        self.assertEqual((healed["healed"], healed["converged"], healed["conflicts"]), (["node3"], True, 1))
        after = answers[11:14]
        self.assertEqual([row["documents"] for row in after], [12 + 90 + 30 + 1] * 3)
        self.assertEqual([(row["behind"], row["ahead"], row["conflicts"]) for row in after], [(0, 0, 1)] * 3)
        self.assertEqual(answers[14]["id"], "beans")
        self.assertEqual(answers[16]["name"], "written while cut off")
        both = answers[17]
        self.assertEqual({both["doc"]["set_by"], both["siblings"][0]["doc"]["set_by"]}, {"node1", "node3"})
        self.assertEqual(answers[19]["conflicts"], 0)
        self.assertIn("node3 lacks", err)

    def test_kill_and_start(self):
        answers, _ = self.run_script([
            "\\conflict", "\\kill 2", "\\status", "\\load 60", "\\heal", "\\start 2", "\\status", "\\node 2",
            "list load prefix 00000 limit 1000 --ids", "wait converged"])
        self.assertFalse(answers[0]["separated"])
        down = {row["node"]: row for row in answers[2:5]}
        self.assertEqual((down["node2"]["state"], down["node2"]["documents"]), ("down", None))
        self.assertEqual((answers[5]["written"], answers[5]["nodes"]), (60, ["node1", "node3"]))
        self.assertFalse(answers[6]["converged"])
        self.assertEqual((answers[7]["started"], answers[7]["converged"], answers[7]["conflicts"]),
                         ("node2", True, 1))
        self.assertEqual([row["documents"] for row in answers[8:11]], [72] * 3)
        self.assertEqual(len(answers[12:-1]), 60)
        self.assertTrue(answers[-1]["converged"])

    def test_script_stops_at_its_first_failure(self):
        for line, code, said in (("partition 3", shell.USAGE, "here it is \\partition"),
                                 ("\\partition 4", shell.USAGE, "the nodes are 1 to 3"),
                                 ("\\start 1", shell.FAILED, "node1 runs already")):
            answers, err = self.run_script([line, "\\status"], code)
            self.assertEqual(answers, [])
            self.assertIn("stdin:1: error:", err)
            self.assertIn(said, err)

    def test_signals_clean_up(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            demo = self.start()
            self.await_started(demo)
            demo.send_signal(number)
            self.assertEqual(demo.wait(DEADLINE_S), 130)
            self.assert_nothing_left()

    def test_nodes_end_with_a_killed_demo(self):
        demo = self.start()
        self.await_started(demo)
        demo.kill()
        demo.wait(DEADLINE_S)
        wait_until(lambda: not children_in(self.folder), "the nodes end")

    def test_program_that_is_no_docstored(self):
        for program, code, said in (("/nowhere/docstored", shell.USAGE, "--docstored"),
                                    ("/bin/false", shell.FAILED, "node1 ended at its start")):
            outcome = shell.run(None, "-e", "demo --docstored " + program)
            self.assertEqual(outcome.code, code, outcome)
            self.assertIn(said, outcome.err)

    def test_terminal(self):
        for leave, code in (("\\quit\n", 0), ("\x04", 0), ("\x03", 130)):
            terminal = Terminal(["demo", "--docstored", DOCSTORED], self.folder)
            self.addCleanup(terminal.close)
            terminal.expect("node1 ok>")
            terminal.type("\\partition 3\n")
            terminal.expect("node1 ok>")
            terminal.type("\\node 3\n")
            terminal.expect("node3 ok, cut off>")
            terminal.type(leave)
            self.assertEqual(terminal.wait(), code)
            # The shell keeps its history in the home directory.
            self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("docstore-demo")], [])
            wait_until(lambda: not children_in(self.folder + "/docstore-demo"), "no process is left")


if __name__ == "__main__":
    unittest.main()
