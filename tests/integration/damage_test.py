#!/usr/bin/python3
"""Damaged files of a node: what a crash may leave is repaired, what it may not ends the process."""

import glob
import os
import unittest

import cluster
from docstore.v1 import document_pb2

_DOCUMENTS = 200


def _put(node, name):
    body = b'{"pad":"%s"}' % (name.encode() * 200)
    node.stubs.documents.Put(document_pb2.PutRequest(collection="c", id=name, json=body), timeout=30)
    return body


def _get(node, name):
    return node.stubs.documents.Get(document_pb2.GetRequest(collection="c", id=name), timeout=30).winner.json


class DamageTest(cluster.ClusterTest):

    def killed_node(self):
        """Returns a node that was killed with documents on disk, and these documents."""
        node = self.node("node1").start()
        written = {"%d" % number: None for number in range(_DOCUMENTS)}
        for name in written:
            written[name] = _put(node, name)
        node.close()  # a channel from before would notice late
        return node, written

    @staticmethod
    def newest(node, pattern):
        return max(glob.glob(os.path.join(node.data, "store", pattern)))

    def test_damaged_unsynced_tail_of_the_log_is_skipped(self):
        node, written = self.killed_node()
        for tail in (b"\0" * 700, b"\xff" * 700, b"half a record", b"\x12\x34\x56\x78\x40\x00\x01half"):
            with open(self.newest(node, "*.log"), "ab") as log:
                log.write(tail)
            node.start()
            for name, body in written.items():
                self.assertEqual(_get(node, name), body)
            name = "after %d" % len(written)
            written[name] = _put(node, name)
            node.close()

    def test_damaged_table_ends_the_process_with_its_name_and_what_to_do(self):
        node, written = self.killed_node()
        node.start()  # the log becomes a table
        node.kill()
        table = self.newest(node, "*.ldb")
        with open(table, "r+b") as stream:
            for offset in range(0, os.path.getsize(table), 512):
                stream.seek(offset)
                stream.write(b"damage")
        node.launch()
        self.assertEqual(node.wait_end(), 1)
        last = node.log().splitlines()[-1]
        self.assertIn(os.path.basename(table), last)
        self.assertIn(node.data, last)
        self.assertIn("move the directory away", last)
        self.assertTrue(os.path.exists(table), "a node discards nothing by itself")
        self.assertTrue(written)


if __name__ == "__main__":
    unittest.main()
