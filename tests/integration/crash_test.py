#!/usr/bin/python3
"""Nodes killed over and over while all are written to: no acknowledged write is lost."""

import random
import unittest

import cluster
from history import History
from workload import COLLECTION, Workload, present_values

CYCLES = 20
# Every so many cycles all nodes are killed together.
POWER_CUT_EVERY = 5
# Acknowledged writes between two kills, so that every kill hits a busy cluster.
WRITES_A_CYCLE = 60
SEED = 20


class CrashTest(cluster.ClusterTest):

    def test_acknowledged_writes_survive_kills(self):
        nodes = self.start()
        rng = random.Random(SEED)
        history = History()
        with Workload(nodes, history, SEED) as workload:
            for cycle in range(CYCLES):
                workload.epoch = cycle
                self.wait_for_writes(history, workload)
                if cycle % POWER_CUT_EVERY == POWER_CUT_EVERY - 1:
                    self.cut_power(nodes)
                    continue
                victim = nodes[rng.randrange(len(nodes.nodes))]
                victim.kill()
                self.wait_for_writes(history, workload)
                nodes.restart(victim)
        self.assertEqual(workload.errors, [])
        nodes.wait_converged()
        self.assert_equal_everywhere(nodes)
        end = present_values(nodes.states(nodes[0], COLLECTION))
        print("%d acknowledged, %d unknown, %d documents" % (
            history.acknowledged(), history.unknown(), len(end)))
        self.assertEqual(history.violations(end), [])

    @staticmethod
    def cut_power(nodes):
        """All nodes at once; none can say goodbye to another."""
        for node in nodes:
            node.process.kill()
        for node in nodes:
            node.wait_end()
        for node in nodes:
            node.seeds = nodes.peers(but=node)
            node.start(ready=False)
        for node in nodes:
            node.wait_ready()

    def wait_for_writes(self, history, workload):
        target = history.acknowledged() + WRITES_A_CYCLE
        cluster.wait_until(lambda: workload.errors or history.acknowledged() >= target,
                           "%d more acknowledged writes" % WRITES_A_CYCLE)
        self.assertEqual(workload.errors, [])


if __name__ == "__main__":
    unittest.main()
