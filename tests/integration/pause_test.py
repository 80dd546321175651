#!/usr/bin/python3
"""One node stopped by SIGSTOP: the others go on without it; it returns and nothing is lost."""

import signal
import unittest

import cluster
from history import History
from node_process import wait_until
from workload import Workload, assert_nothing_lost

# Acknowledged writes at each node that runs.
WRITES = 40
WRITES_SHORT_PAUSE = 5
# Writers also read from the paused node; they do not wait for it for long.
CALL_TIMEOUT_S = 2
SEED = 22


class PauseTest(cluster.ClusterTest):

    def pause(self, node):
        node.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: process_state(node) == "T", "%s is stopped" % node.name)

    def test_others_go_on_while_one_is_paused(self):
        nodes = self.start()
        paused, running = nodes[1], [nodes[0], nodes[2]]
        with Workload(nodes, History(), SEED, CALL_TIMEOUT_S) as workload:
            workload.wait_for_writes(WRITES, at=nodes)
            self.pause(paused)
            workload.epoch = 1
            workload.wait_for_writes(WRITES, at=running)
            for node in running:
                self.wait_for_members(nodes, node, {paused: "unreachable"})
            workload.epoch = 2
            workload.wait_for_writes(WRITES, at=running)
            paused.process.send_signal(signal.SIGCONT)
            workload.wait_for_writes(WRITES, at=nodes)
        self.wait_until_linked(nodes)
        assert_nothing_lost(self, nodes, workload)

    def test_pauses_too_short_to_be_seen(self):
        nodes = self.start()
        with Workload(nodes, History(), SEED, CALL_TIMEOUT_S) as workload:
            for turn, node in enumerate(nodes):
                workload.epoch = turn
                others = [other for other in nodes if other is not node]
                self.pause(node)
                workload.wait_for_writes(WRITES_SHORT_PAUSE, at=others)
                node.process.send_signal(signal.SIGCONT)
                workload.wait_for_writes(WRITES_SHORT_PAUSE, at=nodes)
        assert_nothing_lost(self, nodes, workload)


def process_state(node):
    """The letter that /proc has for what the process does."""
    with open("/proc/%d/stat" % node.process.pid, encoding="utf-8") as stream:
        return stream.read().rpartition(")")[2].split()[0]


if __name__ == "__main__":
    unittest.main()
