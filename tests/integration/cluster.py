"""Cluster: several NodeProcesses in one folder, and the base class of the tests that use them."""

import os
import tempfile
import unittest

import shell
from docstore.v1 import collection_pb2, document_pb2
from node_process import NodeProcess, wait_until


class Cluster:
    """Nodes node1, node2, ... that know each other."""

    def __init__(self, folder, flags=()):
        self.folder = folder
        self.flags = list(flags)
        self.nodes = []

    def __iter__(self):
        return iter(self.nodes)

    def __getitem__(self, index):
        return self.nodes[index]

    def prepare(self, node):
        """Called with a new node before its first start."""

    def add(self, name=None):
        """Starts one more node, which all others are seeds of."""
        node = NodeProcess(self.folder, name or "node%d" % (len(self.nodes) + 1), self.peers(), self.flags)
        self.nodes.append(node)
        self.prepare(node)
        return node.start()

    def peers(self, but=None):
        return [node.peer for node in self.nodes if node is not but]

    def restart(self, node):
        """Starts a node that is down, with the others' addresses of now as seeds."""
        node.seeds = self.peers(but=node)
        return node.start()

    def servers(self):
        return ",".join(node.client for node in self.nodes)

    def wait_converged(self, at=0, timeout="60s"):
        return shell.execute(self.nodes[at].client, "wait converged --timeout " + timeout)

    def collections(self, node):
        reply = node.stubs.collections.List(collection_pb2.CollectionServiceListRequest(), timeout=30)
        return [collection.name for collection in reply.collections]

    def exports(self, node):
        """Returns {collection: exported bytes} of one node."""
        return {name: shell.execute(node.client, "export " + name).out for name in self.collections(node)}

    def member_states(self, node):
        """Returns {name: state} of all members as `node` sees them; states as the shell prints them."""
        status = shell.run(node.client, "--output", "json", "-e", "cluster status").json()
        return {each["name"]: each["state"] for each in status["nodes"]}

    def states(self, node, collection):
        """Returns {id: [(version, deleted, json), ...]}: all live documents with all their versions."""
        found, token = {}, ""
        documents = node.stubs.documents
        while True:
            page = documents.List(document_pb2.ListRequest(collection=collection, page_token=token), timeout=30)
            request = document_pb2.BatchGetRequest(
                collection=collection, ids=[listed.id for listed in page.documents], include_siblings=True)
            for answer in documents.BatchGet(request, timeout=60) if request.ids else ():
                reply = answer.document
                versions = [reply.winner, *reply.siblings]
                found[reply.id] = [(each.version, each.deleted, each.json) for each in versions]
            token = page.next_page_token
            if not token:
                return found

    def close(self):
        for node in self.nodes:
            node.close()


def live(states):
    """Without versions that are deletes."""
    return {key: [version for version in versions if not version[1]] for key, versions in states.items()}


class ClusterTest(unittest.TestCase):
    """Gives each test a folder and, by start(), a cluster that ends with it."""

    cluster_type = Cluster

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start(self, size=3, flags=()):
        cluster = self.cluster_type(self.folder, flags)
        self.addCleanup(cluster.close)
        for _ in range(size):
            cluster.add()
        return cluster

    def node(self, name, seeds=(), flags=(), folder=None):
        """A node that is not started yet and ends with the test."""
        node = NodeProcess(folder or self.folder, name, seeds, flags)
        self.addCleanup(node.close)
        return node

    def wait_for_members(self, cluster, at, expected):
        """Returns when node `at` sees its members in these states; the rest connected."""
        states = {node.name: expected.get(node, "self" if node is at else "connected") for node in cluster}
        wait_until(lambda: cluster.member_states(at) == states, "%s sees %s" % (at.name, states))

    def wait_until_linked(self, cluster):
        for node in cluster:
            self.wait_for_members(cluster, node, {})

    def assert_equal_everywhere(self, cluster):
        """All nodes export the same bytes and hold the same versions; returns the first's exports.

        Deletes that all nodes have, each forgets when it learns so: what is left of them may differ for a while.
        """
        first = cluster.exports(cluster[0])
        states = {collection: live(cluster.states(cluster[0], collection)) for collection in first}
        for node in cluster.nodes[1:]:
            exported = cluster.exports(node)
            self.assertEqual(sorted(first), sorted(exported))
            for collection in first:
                self.assertTrue(first[collection] == exported[collection],
                                "%s and %s export other bytes of %s" % (cluster[0].name, node.name, collection))
                self.assertEqual(states[collection], live(cluster.states(node, collection)))
        for collection in first:
            wait_until(lambda: all(cluster.states(cluster[0], collection) == cluster.states(node, collection)
                                   for node in cluster.nodes[1:]), "deletes in %s are equal" % collection)
        return first
