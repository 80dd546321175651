#!/usr/bin/python3
"""Nodes killed over and over while all are written to: no acknowledged write is lost."""

import random
import unittest

import cluster
from history import History
from workload import Workload, assert_nothing_lost

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
        with Workload(nodes, History(), SEED) as workload:
            for cycle in range(CYCLES):
                workload.epoch = cycle
                workload.wait_for_writes(WRITES_A_CYCLE)
                if cycle % POWER_CUT_EVERY == POWER_CUT_EVERY - 1:
                    self.cut_power(nodes)
                    continue
                victim = nodes[rng.randrange(len(nodes.nodes))]
                victim.kill()
                workload.wait_for_writes(WRITES_A_CYCLE)
                nodes.restart(victim)
        assert_nothing_lost(self, nodes, workload)

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


if __name__ == "__main__":
    unittest.main()
