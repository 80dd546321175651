#!/usr/bin/python3
"""Three siblings of the largest size: they reach every node and can be read and resolved."""

import unittest

import cluster
import shell
from docstore.v1 import document_pb2

DOCUMENT_BYTES = 8 << 20
CALL_TIMEOUT_S = 60


def document(fill):
    """The JSON text of a document of exactly DOCUMENT_BYTES."""
    head, tail = b'{"fill":"', b'"}'
    return head + fill * (DOCUMENT_BYTES - len(head) - len(tail)) + tail


class SiblingsTest(cluster.ClusterTest):

    def test_three_siblings_of_8_mib_converge(self):
        nodes = self.start(flags=["--document-bytes-max", str(DOCUMENT_BYTES)])
        base = self.put(nodes[0], b'{"first":true}')
        nodes.wait_converged()
        texts = [document(fill) for fill in (b"a", b"b", b"c")]
        written = {self.put(node, text, base): text for node, text in zip(nodes, texts)}
        nodes.wait_converged(timeout="120s")
        for node in nodes:
            self.assertEqual(self.versions(node), written)
        read = shell.run(nodes[1].client, "--output", "json", "-e", "get big/one --all")
        self.assertEqual(read.code, shell.OK, read.err)
        shown = read.json()
        self.assertEqual({shown["version"]: len(shown["doc"]["fill"]),
                          **{each["version"]: len(each["doc"]["fill"]) for each in shown["siblings"]}},
                         {version: DOCUMENT_BYTES - 11 for version in written})
        shell.execute(nodes[2].client, "resolve big/one keep 3")
        nodes.wait_converged(timeout="120s")
        for node in nodes:
            left = self.versions(node)
            self.assertEqual(list(left.values()), [written[shown["siblings"][1]["version"]]])

    def put(self, node, text, context=None):
        request = document_pb2.PutRequest(collection="big", id="one", json=text)
        if context is not None:
            request.condition.context = context
        return node.stubs.documents.Put(request, timeout=CALL_TIMEOUT_S).version

    def versions(self, node):
        """{version: text}; siblings that Get leaves out are read one by one."""
        stub = node.stubs.documents
        reply = stub.Get(document_pb2.GetRequest(collection="big", id="one", include_siblings=True),
                         timeout=CALL_TIMEOUT_S)
        found = {each.version: each.json for each in [reply.winner, *reply.siblings]}
        for version in reply.sibling_versions:
            if version not in found:
                self.assertTrue(reply.siblings_truncated)
                request = document_pb2.GetVersionRequest(collection="big", id="one", version=version)
                found[version] = stub.GetVersion(request, timeout=CALL_TIMEOUT_S).version.json
        return found


if __name__ == "__main__":
    unittest.main()
