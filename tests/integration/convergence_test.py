#!/usr/bin/python3
"""Three servers written to at once: all end with the same documents, byte for byte."""

import json
import threading
import unittest

import cluster
import shell
from docstore.v1 import document_pb2

WRITES_A_NODE = 400
SHARED_DOCUMENTS = 20


class ConvergenceTest(cluster.ClusterTest):

    def test_concurrent_writers_at_all_nodes(self):
        nodes = self.start()
        failures = []
        threads = [threading.Thread(target=self.write, args=(node, failures)) for node in nodes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        answer = nodes.wait_converged(at=1).lines()[-1]
        self.assertTrue(answer["converged"])
        self.assertEqual(answer["behind"], [])
        exports = self.assert_equal_everywhere(nodes)
        for node in nodes:
            own = [json.loads(line) for line in exports[node.name].splitlines()]
            self.assertEqual([document["n"] for document in own], list(range(WRITES_A_NODE)))
        self.assertEqual(len(exports["shared"].splitlines()), SHARED_DOCUMENTS)

    def write(self, node, failures):
        """Documents of its own collection, and ones that all three nodes write."""
        try:
            for number in range(WRITES_A_NODE):
                self.put(node, node.name, "%04d" % number, number)
                if number % 4 == 0:
                    self.put(node, "shared", "%d" % (number // 4 % SHARED_DOCUMENTS), number)
        except Exception as error:
            failures.append("%s: %r" % (node.name, error))

    @staticmethod
    def put(node, collection, key, number):
        text = json.dumps({"node": node.name, "n": number}).encode()
        node.stubs.documents.Put(document_pb2.PutRequest(collection=collection, id=key, json=text), timeout=30)

    def test_conflict_is_listed_and_resolved_everywhere(self):
        nodes = self.start()
        first = shell.execute(nodes[0].client, 'put story/lunch {"dish":"soup"}').lines()[0]
        nodes.wait_converged()
        base = first["version"]
        shell.execute(nodes[0].client, 'put story/lunch {"dish":"fish"} --context ' + base)
        shell.execute(nodes[1].client, 'put story/lunch {"dish":"rice"} --context ' + base)
        nodes.wait_converged()
        for node in nodes:
            read = shell.run(node.client, "--output", "json", "-e", "get story/lunch --all").json()
            dishes = [read["doc"]["dish"]] + [each["doc"]["dish"] for each in read["siblings"]]
            self.assertEqual(sorted(dishes), ["fish", "rice"])
            conflict = shell.execute(node.client, "conflicts").lines()
            self.assertEqual([(each["collection"], each["id"]) for each in conflict], [("story", "lunch")])
        winner = json.loads(shell.execute(nodes[0].client, "get story/lunch").out)["dish"]
        shell.execute(nodes[2].client, "resolve story/lunch keep 2")
        nodes.wait_converged()
        for node in nodes:
            self.assertEqual(shell.execute(node.client, "conflicts").out, "")
            kept = json.loads(shell.execute(node.client, "get story/lunch").out)["dish"]
            self.assertNotEqual(kept, winner)
        self.assert_equal_everywhere(nodes)


if __name__ == "__main__":
    unittest.main()
