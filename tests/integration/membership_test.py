#!/usr/bin/python3
"""Nodes that go away, come back empty, or come twice under one name."""

import os
import signal
import time
import unittest

import grpc

import cluster
import shell
from docstore.v1 import document_pb2
from node_process import wait_until

DOCUMENTS = 300


def put(node, collection, key, text):
    request = document_pb2.PutRequest(collection=collection, id=key, json=text.encode())
    return node.stubs.documents.Put(request, timeout=30)


class MembershipTest(cluster.ClusterTest):

    def test_node_that_is_down_is_named_by_wait_converged(self):
        nodes = self.start()
        nodes.wait_converged()
        nodes[2].kill()
        put(nodes[0], "c", "while-down", "{}")
        outcome = shell.execute(nodes[0].client, "wait converged --timeout 1s", shell.NOT_CONVERGED)
        self.assertIn("node3", outcome.out)
        self.assertIn("node3", outcome.err)
        self.assertNotIn("node2", outcome.err)
        status = shell.run(nodes[0].client, "--output", "json", "-e", "cluster status")
        self.assertEqual(status.code, shell.OK)
        states = {each["name"]: each["state"] for each in status.json()["nodes"]}
        self.assertEqual(states, {"node1": "self", "node2": "connected", "node3": "unreachable"})
        self.assertFalse(status.json()["converged"])
        # Also the others' own restart does not forget it.
        nodes[0].stop()
        nodes.restart(nodes[0])
        shell.execute(nodes[0].client, "wait converged --timeout 1s", shell.NOT_CONVERGED)
        nodes.restart(nodes[2])
        nodes.wait_converged()
        self.assert_equal_everywhere(nodes)

    def test_wiped_node_gets_everything_back(self):
        nodes = self.start()
        for number in range(DOCUMENTS):
            put(nodes[number % 3], "c", "%03d" % number, '{"round":1}')
        nodes.wait_converged()
        # One document has siblings, one is deleted.
        base = put(nodes[0], "c", "siblings", '{"round":1}').version
        put(nodes[0], "c", "deleted", '{"round":1}')
        nodes.wait_converged()
        for node in nodes.nodes[:2]:
            node.stubs.documents.Put(document_pb2.PutRequest(
                collection="c", id="siblings", json=b'{"at":"%s"}' % node.name.encode(),
                condition=document_pb2.Condition(context=base)), timeout=30)
        nodes[1].stubs.documents.Delete(document_pb2.DeleteRequest(collection="c", id="deleted"), timeout=30)
        nodes.wait_converged()
        wiped = nodes[2]
        wiped.kill()
        wiped.wipe()
        for number in range(DOCUMENTS // 2):
            put(nodes[0], "c", "%03d" % number, '{"round":2}')
        nodes[2].seeds = nodes.peers(but=wiped)
        wiped.start(ready=False)
        self.write_while_it_catches_up(wiped)
        nodes.wait_converged()
        exports = self.assert_equal_everywhere(nodes)
        self.assertEqual(len(exports["c"].splitlines()), DOCUMENTS + 1)
        states = nodes.states(wiped, "c")
        siblings = {key: versions for key, versions in states.items() if len(versions) > 1}
        self.assertEqual(list(siblings), ["siblings"])
        self.assertEqual(len(siblings["siblings"]), 2)
        self.assertNotIn("deleted", states)
        for number in range(DOCUMENTS):
            expected = b'{"round":3}' if number == 299 else (
                b'{"round":2}' if number < DOCUMENTS // 2 else b'{"round":1}')
            self.assertEqual(states["%03d" % number][0][2], expected, number)

    def write_while_it_catches_up(self, node):
        """A write is refused without effect until the node has caught up, and then supersedes."""
        refused = 0

        def write():
            nonlocal refused
            try:
                return put(node, "c", "299", '{"round":3}')
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE, error.details())
                refused += 1
                return None

        reply = wait_until(write, "the wiped node takes writes")
        self.assertEqual(reply.sibling_count, 0)
        print("refused %d writes until it had caught up" % refused)

    def test_wiped_node_answers_unavailable_until_it_has_caught_up(self):
        nodes = self.start(size=2)
        put(nodes[0], "c", "one", '{"round":1}')
        nodes.wait_converged()
        wiped = nodes[1]
        wiped.kill()
        wiped.wipe()
        nodes[0].process.send_signal(signal.SIGSTOP)  # it can be connected to and does not answer
        self.addCleanup(lambda: nodes[0].process and nodes[0].process.send_signal(signal.SIGCONT))
        wiped.start(ready=False)
        for call in (lambda: put(wiped, "c", "one", '{"round":2}'),
                     lambda: wiped.stubs.documents.Get(
                         document_pb2.GetRequest(collection="c", id="one"), timeout=30)):
            with self.assertRaises(grpc.RpcError) as raised:
                call()
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(wiped.http("/healthz")[0], 200)
        self.assertEqual(wiped.http("/readyz")[0], 503)
        nodes[0].process.send_signal(signal.SIGCONT)
        wiped.wait_ready()
        put(wiped, "c", "one", '{"round":2}')
        nodes.wait_converged()
        self.assertEqual([each[2] for each in nodes.states(nodes[0], "c")["one"]], [b'{"round":2}'])

    def test_second_live_process_under_one_name_ends(self):
        nodes = self.start()
        first = nodes[0]
        put(first, "c", "one", "{}")
        other = self.node("node1", nodes.peers(), folder=os.path.join(self.folder, "other"))
        os.mkdir(os.path.join(self.folder, "other"))
        other.launch()
        code = other.wait_end(30)
        self.assertNotEqual(code, 0)
        last = other.log()
        self.assertIn(first.peer, last)
        self.assertGreaterEqual(last.count('"node1"'), 2, last)
        self.assertIn("--name", last)
        self.assertIsNone(first.process.poll(), first.log()[-2000:])
        put(first, "c", "two", "{}")
        nodes.wait_converged()

    def test_fresh_node_takes_over_the_name_of_a_dead_one(self):
        nodes = self.start()
        put(nodes[2], "c", "one", "{}")
        nodes.wait_converged()
        nodes[2].kill()
        nodes[2].wipe()
        nodes[2].addresses = {}  # another address as well
        nodes.restart(nodes[2])
        nodes.wait_converged()
        names = [each["name"] for each in
                 shell.run(nodes[0].client, "--output", "json", "-e", "cluster status").json()["nodes"]]
        self.assertEqual(names, ["node1", "node2", "node3"])
        self.assert_equal_everywhere(nodes)

    def test_all_nodes_down_and_up_keep_the_data(self):
        nodes = self.start()
        for number in range(30):
            put(nodes[number % 3], "c", "%d" % number, '{"n":%d}' % number)
        nodes.wait_converged()
        before = self.assert_equal_everywhere(nodes)
        for node in nodes:
            self.assertEqual(node.stop(), 0, node.log()[-2000:])
        for node in nodes:
            node.seeds = nodes.peers(but=node)
            node.start(ready=False)
        began = time.monotonic()
        for node in nodes:
            node.wait_ready()
        # They wait for each other, not for the time after which a node serves alone.
        self.assertLess(time.monotonic() - began, 9)
        nodes.wait_converged()
        self.assertEqual(self.assert_equal_everywhere(nodes), before)


if __name__ == "__main__":
    unittest.main()
