#!/usr/bin/python3
"""Links cut and healed while all nodes are written to: nothing is lost, all end equal."""

import json
import time
import unittest

import links
import shell
from docstore.v1 import document_pb2
from history import History, Write
from node_process import wait_until
from workload import COLLECTION, Workload, assert_history_holds, assert_nothing_lost, send

# Acknowledged writes at each node before, during and after a cut.
WRITES = 40
SEED = 21
CALL_TIMEOUT_S = 30


class Writer:
    """Writes one document after the other, all of which must be acknowledged, and records them."""

    def __init__(self):
        self.history = History()
        self._versions = {}  # by value

    def put(self, node, key, value, over=None):
        """Puts a `value` that is new to the history, over the write of value `over` or whatever is there."""
        return self._send(node, key, value, over, deletes=False)

    def delete(self, node, key, over=None):
        return self._send(node, key, "delete %s at %s" % (key, node.name), over, deletes=True)

    def _send(self, node, key, value, over, deletes):
        write = Write(key, value, node.name, time.monotonic(), over and {over})
        write.deletes = deletes
        self.history.add(write)
        condition = over and document_pb2.Condition(context=self._versions[over])
        self._versions[value] = send(node, write, condition, CALL_TIMEOUT_S)
        return self._versions[value]


def get(node, key):
    return node.stubs.documents.Get(
        document_pb2.GetRequest(collection=COLLECTION, id=key, include_siblings=True), timeout=CALL_TIMEOUT_S)


def path(key):
    return "%s/%s" % (COLLECTION, key)


class PartitionTest(links.LinkedClusterTest):

    def test_writes_on_both_sides_of_a_silent_cut(self):
        nodes = self.start()
        lonely = nodes[2]
        with Workload(nodes, History(), SEED) as workload:
            workload.wait_for_writes(WRITES, at=nodes)
            nodes.links.isolate(lonely)
            self.wait_for_members(nodes, lonely, {nodes[0]: "unreachable", nodes[1]: "unreachable"})
            self.wait_for_members(nodes, nodes[0], {lonely: "unreachable"})
            workload.epoch = 1
            workload.wait_for_writes(WRITES, at=nodes)
            behind = shell.execute(nodes[1].client, "wait converged --timeout 1ms", shell.NOT_CONVERGED)
            self.assertIn("node3 is unreachable", behind.err)
            nodes.links.heal()
            workload.wait_for_writes(WRITES, at=nodes)
        self.wait_until_linked(nodes)
        assert_nothing_lost(self, nodes, workload)

    def test_delete_against_a_write_across_a_cut(self):
        nodes = self.start(4)
        here, there = nodes[0], nodes[2]
        writer = Writer()
        for key in ("delete-here", "delete-there", "both-delete", "write-after-delete"):
            writer.put(here, key, "base of " + key)
        nodes.wait_converged()
        # A member that misses the deletes keeps the others from forgetting them.
        nodes.nodes.pop().kill()
        nodes.links.shatter(there)
        for node, other in ((here, there), (there, here)):
            wait_until(lambda: nodes.member_states(node)[other.name] == "unreachable", "the cut is seen")
        writer.delete(here, "delete-here")
        kept = {"delete-here": writer.put(there, "delete-here", "there", over="base of delete-here")}
        kept["delete-there"] = writer.put(here, "delete-there", "here", over="base of delete-there")
        writer.delete(there, "delete-there", over="base of delete-there")
        writer.delete(here, "both-delete")
        writer.delete(there, "both-delete")
        writer.delete(here, "write-after-delete")
        writer.delete(there, "write-after-delete")
        kept["write-after-delete"] = writer.put(here, "write-after-delete", "again")
        # Neither side knows of the other.
        shell.execute(here.client, "get " + path("delete-here"), shell.NOT_FOUND)
        shell.execute(there.client, "get " + path("delete-there"), shell.NOT_FOUND)
        for node, key in ((there, "delete-here"), (here, "delete-there")):
            self.assertEqual((get(node, key).winner.version, get(node, key).sibling_count), (kept[key], 0))
        nodes.links.heal()
        wait_until(lambda: all(len(nodes.states(node, COLLECTION).get(key, [])) == 2 for node in nodes for key in kept),
                   "each side has the other's")
        assert_history_holds(self, nodes, writer.history)
        for node in nodes:
            for key, version in kept.items():
                read = get(node, key)
                self.assertEqual((read.winner.version, read.winner.deleted), (version, False), (node.name, key))
                self.assertEqual([each.deleted for each in read.siblings], [True], (node.name, key))
            listed = [json.loads(line)["_id"] for line in shell.execute(node.client, "list " + COLLECTION).out.splitlines()]
            self.assertEqual(listed, sorted(kept))
            conflicts = [each["id"] for each in shell.execute(node.client, "conflicts").lines()]
            self.assertEqual(conflicts, sorted(kept))
        self.resolve_both_ways(nodes)

    def resolve_both_ways(self, nodes):
        """The live one kept at one node, the delete at another."""
        shell.execute(nodes[1].client, "resolve %s keep 1" % path("delete-here"))
        shell.execute(nodes[2].client, "resolve %s keep 2" % path("delete-there"))
        wait_until(lambda: all(
            "delete-there" not in nodes.states(node, COLLECTION) and get(node, "delete-here").sibling_count == 0
            for node in nodes), "both are resolved everywhere")
        self.assert_equal_everywhere(nodes)
        for node in nodes:
            shell.execute(node.client, "get " + path("delete-there"), shell.NOT_FOUND)
            self.assertEqual(get(node, "delete-here").sibling_count, 0)

    def test_link_that_carries_one_way_only(self):
        nodes = self.start()
        writer = Writer()
        writer.put(nodes[0], "round", "before")
        nodes.wait_converged()
        nodes.links.cut(nodes[0], nodes[2])
        sent = writer.put(nodes[0], "round", "round", over="before")
        returned = writer.put(nodes[2], "back", "back")
        self.wait_for_members(nodes, nodes[0], {nodes[2]: "unreachable"})
        self.wait_for_members(nodes, nodes[2], {nodes[0]: "unreachable"})
        # All goes round the third, which alone can say that all have everything.
        nodes.wait_converged(at=1)
        self.assertEqual(get(nodes[2], "round").winner.version, sent)
        self.assertEqual(get(nodes[0], "back").winner.version, returned)
        assert_history_holds(self, nodes, writer.history)
        shell.execute(nodes[0].client, "wait converged --timeout 1ms", shell.NOT_CONVERGED)
        nodes.links.heal()
        self.wait_until_linked(nodes)
        nodes.wait_converged()
        assert_history_holds(self, nodes, writer.history)


if __name__ == "__main__":
    unittest.main()
