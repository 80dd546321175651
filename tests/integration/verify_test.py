#!/usr/bin/python3
"""`docstore verify` on three servers: equal ones, planted differences, writes under way."""

import os
import subprocess
import unittest

import cluster
import history
import shell
import workload

PLANT = os.path.abspath("tests/integration/plant")
DOCUMENTS = 60
VERIFIED_UNDER_LOAD = 8


def _verify(node, code=shell.OK, options=""):
    return shell.execute(node.client, "verify " + options, code).json()


class VerifyTest(cluster.ClusterTest):

    def filled_cluster(self):
        """Three converged nodes with documents, deleted ones and a conflict."""
        nodes = self.start()
        for number in range(DOCUMENTS):
            shell.execute(nodes[number % 3].client, 'put people/p%02d {"n":%d}' % (number, number))
        nodes.wait_converged()
        for number in range(0, DOCUMENTS, 10):
            shell.execute(nodes[number % 3].client, "del people/p%02d" % number)
        base = shell.execute(nodes[0].client, 'put story/lunch {"dish":"soup"}').lines()[0]["version"]
        nodes.wait_converged()
        for node, dish in zip(nodes, ("fish", "rice")):
            shell.execute(node.client, 'put story/lunch {"dish":"%s"} --context %s' % (dish, base))
        nodes.wait_converged()
        return nodes

    def plant(self, nodes, node, planted):
        """Changes rows of a node's store while it is down; `planted` is {address: what}."""
        self.assertEqual(node.stop(), 0)
        for address, what in planted.items():
            subprocess.run([PLANT, os.path.join(node.data, "store"), address, what], check=True, timeout=60)
        nodes.restart(node)
        nodes.wait_converged()

    def test_equal_nodes_are_found_equal(self):
        nodes = self.filled_cluster()
        for node in nodes:
            report = _verify(node)
            self.assertEqual((report["equal"], report["complete"], report["in_flight"]), (True, True, 0))
            self.assertEqual(report["document_count"], DOCUMENTS - DOCUMENTS // 10 + 1)
            self.assertEqual([each["name"] for each in report["nodes"]], ["node1", "node2", "node3"])
            self.assertEqual({each["version_count"] for each in report["nodes"]},
                             {report["document_count"] + 1})
        self.assertEqual(_verify(nodes[0], options="--collection story")["document_count"], 1)

    def test_planted_differences_are_named_and_left_as_they_are(self):
        nodes = self.filled_cluster()
        self.plant(nodes, nodes[1], {"people/p07": "bytes", "people/p08": "content", "people/p09": "drop",
                                     "story/lunch": "version"})
        before = [nodes.exports(node) for node in nodes]
        report = _verify(nodes[0], shell.DIVERGED)
        self.assertEqual((report["equal"], report["in_flight"]), (False, 0))
        found = {each["collection"] + "/" + each["id"]: each for each in report["differences"]}
        self.assertEqual(sorted(found), ["people/p07", "people/p08", "people/p09", "story/lunch"])
        self.assertRegex(found["people/p07"]["problem"], "^at node2 the body of .* does not match its hash$")
        self.assertRegex(found["people/p08"]["problem"], "^nodes hold different versions as [0-9a-f]+:[0-9]+$")
        self.assertRegex(found["people/p09"]["problem"], "^node2 lacks [0-9a-f]+:[0-9]+$")
        self.assertRegex(found["story/lunch"]["problem"], "^node2 lacks [0-9a-f]+:[0-9]+$")
        holds = {each["name"]: each["versions"] for each in found["people/p09"]["nodes"]}
        self.assertEqual(holds["node2"], [])
        self.assertEqual(holds["node1"], holds["node3"])
        self.assertEqual(len(holds["node1"]), 1)
        holds = {each["name"]: each["versions"] for each in found["people/p08"]["nodes"]}
        self.assertNotEqual(holds["node1"][0]["hash"], holds["node2"][0]["hash"])
        holds = {each["name"]: len(each["versions"]) for each in found["story/lunch"]["nodes"]}
        self.assertEqual(holds, {"node1": 2, "node2": 1, "node3": 2})
        # The same at any node, and for one collection.
        self.assertEqual(_verify(nodes[1], shell.DIVERGED), report)
        story = _verify(nodes[2], shell.DIVERGED, "--collection story")
        self.assertEqual([each["id"] for each in story["differences"]], ["lunch"])
        self.assertEqual([nodes.exports(node) for node in nodes], before)
        self.heal(nodes, found)

    def heal(self, nodes, found):
        """A write at a node that holds a document whole ends its difference."""
        for address in found:
            shell.execute(nodes[0].client, 'put %s {"healed":true}' % address)
        nodes.wait_converged()
        self.assertEqual(_verify(nodes[2])["differences"], [])
        self.assert_equal_everywhere(nodes)

    def test_member_that_is_away_is_named_and_the_others_are_compared(self):
        nodes = self.filled_cluster()
        self.plant(nodes, nodes[1], {"people/p09": "drop"})
        nodes[2].kill()
        outcome = shell.execute(nodes[0].client, "verify", shell.DIVERGED)
        self.assertIn("cannot ask node3", outcome.err)
        self.assertEqual([each["id"] for each in outcome.json()["differences"]], ["p09"])
        outcome = shell.execute(nodes[0].client, "verify --collection story", shell.NOT_CONVERGED)
        self.assertIn("cannot ask node3", outcome.err)
        self.assertFalse(outcome.json()["complete"])

    def test_writes_under_way_are_no_difference(self):
        nodes = self.start()
        with workload.Workload(nodes, history.History(), "verify") as load:
            for round_number in range(VERIFIED_UNDER_LOAD):
                report = _verify(nodes[round_number % 3])
                self.assertEqual(report["differences"], [])
                load.epoch += 1
                if round_number == VERIFIED_UNDER_LOAD // 2:
                    nodes[1].kill()
                    nodes.restart(nodes[1])
        self.assertEqual(load.errors, [])
        nodes.wait_converged()
        self.assertEqual(_verify(nodes[0])["in_flight"], 0)


if __name__ == "__main__":
    unittest.main()
