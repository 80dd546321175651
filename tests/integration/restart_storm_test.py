#!/usr/bin/python3
"""Nodes killed again before they are ready, several at once, by power cut and by SIGTERM."""

import random
import signal
import unittest

import cluster
from history import History
from workload import Workload, assert_nothing_lost

STORMS = 4
STARTS_A_STORM = 6
# Acknowledged writes in all, by whoever is up, between two storms.
WRITES = 60
SEED = 23


class RestartStormTest(cluster.ClusterTest):

    def test_acknowledged_writes_survive_restart_storms(self):
        nodes = self.start()
        rng = random.Random(SEED)
        with Workload(nodes, History(), SEED) as workload:
            for storm in range(STORMS):
                workload.epoch = storm
                workload.wait_for_writes(WRITES)
                self.storm(nodes, rng)
                for node in nodes:
                    node.wait_ready()
        for node in nodes:
            node.wait_ready()
        self.wait_until_linked(nodes)
        assert_nothing_lost(self, nodes, workload)

    @staticmethod
    def storm(nodes, rng):
        """Some nodes end at once and start at once, over and over; none waits to be ready."""
        for _ in range(STARTS_A_STORM):
            hit = rng.sample(nodes.nodes, rng.randint(1, len(nodes.nodes)))
            number = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
            for node in hit:
                node.process.send_signal(number)
            for node in hit:
                node.wait_end()
            for node in hit:
                node.seeds = nodes.peers(but=node)
                node.start(ready=False)


if __name__ == "__main__":
    unittest.main()
