#!/usr/bin/python3
"""Links that carry little: replication falls behind, says so, stays up and gets there."""

import json
import time
import unittest

import links
import shell
from docstore.v1 import document_pb2
from history import History
from workload import Workload, assert_nothing_lost

WRITES = 40
SEED = 24
BYTES_PER_S = 5 << 10
# One frame, which takes a wire longer than the silence after which a peer is taken for gone.
DOCUMENT_BYTES = 128 << 10


def put_large(node):
    """Writes a document of DOCUMENT_BYTES."""
    text = json.dumps({"fill": "x" * (DOCUMENT_BYTES - 12)}).encode()
    node.stubs.documents.Put(document_pb2.PutRequest(collection="c", id="large", json=text), timeout=30)


class SlowLinkTest(links.LinkedClusterTest):

    def test_writes_at_all_nodes_while_a_document_blocks_the_wires(self):
        nodes = self.start()
        with Workload(nodes, History(), SEED) as workload:
            workload.wait_for_writes(WRITES, at=nodes)
            nodes.links.slow(BYTES_PER_S)
            began = time.monotonic()
            put_large(nodes[0])
            workload.epoch = 1
            workload.wait_for_writes(WRITES, at=nodes)
            behind = shell.execute(nodes[0].client, "wait converged --timeout 1ms", shell.NOT_CONVERGED)
            for node in ("node2", "node3"):
                self.assertRegex(behind.err, node + " lacks")
        assert_nothing_lost(self, nodes, workload)
        # No faster than the wire: the fault is real.
        self.assertGreater(time.monotonic() - began, 0.9 * DOCUMENT_BYTES / BYTES_PER_S)


if __name__ == "__main__":
    unittest.main()
