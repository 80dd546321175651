#!/usr/bin/python3
"""A disk that fills up: writes stop in time, reads go on, and nothing acknowledged is lost.

Runs in a user namespace of its own, in which it may mount small file systems.
"""

import os
import subprocess
import sys
import unittest

import grpc

import cluster
from docstore.v1 import cluster_pb2, document_pb2
from node_process import wait_until

_DISK_BYTES = 64 << 20
_RESERVE_BYTES = 16 << 20
_INSIDE = "DOCSTORE_TEST_IN_NAMESPACE"


def _put(node, name, size=16):
    request = document_pb2.PutRequest(collection="c", id=name, json=b'{"pad":"%s"}' % (b"x" * size))
    return node.stubs.documents.Put(request, timeout=30)


def _get(node, name):
    request = document_pb2.GetRequest(collection="c", id=name)
    return node.stubs.documents.Get(request, timeout=30).winner.json


def _alarms(node):
    return list(node.stubs.cluster.GetStatus(cluster_pb2.GetStatusRequest(), timeout=30).alarms)


class FullDiskTest(cluster.ClusterTest):

    def small_disk(self):
        """Returns the folder of a fresh file system of _DISK_BYTES."""
        folder = os.path.join(self.folder, "disk")
        os.mkdir(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % _DISK_BYTES, "tmpfs", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)
        return folder

    @staticmethod
    def fill(folder, leave_bytes):
        """Writes a file into the file system of `folder` so that `leave_bytes` stay free."""
        found = os.statvfs(folder)
        path = os.path.join(folder, "ballast")
        with open(path, "ab") as stream:
            stream.write(bytes(max(found.f_bavail * found.f_frsize - leave_bytes, 0)))
        return path

    def assert_disk_full(self, call):
        with self.assertRaises(grpc.RpcError) as raised:
            call()
        self.assertEqual(raised.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        details = dict(raised.exception.trailing_metadata())["grpc-status-details-bin"]
        self.assertIn(b"DISK_FULL", details)
        self.assertNotIn(b"RetryInfo", details)
        self.assertIn("--min-free-disk", raised.exception.details())

    def test_node_below_its_reserve_refuses_writes_and_pauses_replication(self):
        disk = self.small_disk()
        other = self.node("node1").start()
        node = self.node("node2", [other.peer], ["--min-free-disk", str(_RESERVE_BYTES)], folder=disk).start()
        other.seeds = [node.peer]
        _put(node, "before")
        ballast = self.fill(disk, _RESERVE_BYTES // 2)
        wait_until(lambda: _alarms(node), "node2 notices that its disk is full")
        self.assertIn("--min-free-disk", _alarms(node)[-1])
        self.assert_disk_full(lambda: _put(node, "refused"))
        self.assert_disk_full(lambda: node.stubs.documents.Delete(
            document_pb2.DeleteRequest(collection="c", id="before"), timeout=30))
        items = [document_pb2.BulkWriteRequest(item=document_pb2.BulkItem(
            put=document_pb2.PutRequest(collection="c", id="refused", json=b"{}"))),
                 document_pb2.BulkWriteRequest(end=1)]
        results = [result for reply in node.stubs.documents.BulkWrite(iter(items), timeout=30)
                   for result in reply.results]
        self.assertEqual([result.status.reason for result in results], ["DISK_FULL"])
        self.assertEqual(_get(node, "before"), b'{"pad":"%s"}' % (b"x" * 16))

        _put(other, "after")
        self.assertEqual(cluster.shell.run(other.client, "-e", "wait converged --timeout 2s").code,
                         cluster.shell.NOT_CONVERGED)
        with self.assertRaises(grpc.RpcError) as raised:
            _get(node, "after")
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)

        os.unlink(ballast)
        cluster.shell.execute(other.client, "wait converged --timeout 60s")
        self.assertEqual(_get(node, "after"), b'{"pad":"%s"}' % (b"x" * 16))
        self.assertEqual(_alarms(node), [])
        _put(node, "again")
        self.assertIsNone(node.process.poll())

    def test_node_that_may_fill_its_disk_ends_with_what_to_do_and_keeps_everything(self):
        disk = self.small_disk()
        node = self.node("node1", flags=["--min-free-disk", "0"], folder=disk)
        node.log_path = os.path.join(self.folder, "node1.log")  # that is not full
        node.start()
        ballast = self.fill(disk, 1 << 20)
        acknowledged = []
        with self.assertRaises(grpc.RpcError):
            for number in range(1000):
                _put(node, "%d" % number, 20_000)
                acknowledged.append("%d" % number)
        self.assertEqual(node.wait_end(), 1)
        node.close()  # a channel from before would notice late
        self.assertIn(os.path.join(node.data, "store"), node.log())
        self.assertIn("Free space", node.log())
        self.assertGreater(len(acknowledged), 0)
        self.assertLess(len(acknowledged), 1000)

        os.unlink(ballast)
        node.start()
        for name in acknowledged:
            self.assertEqual(len(_get(node, name)), 20_000 + len('{"pad":""}'))
        _put(node, "after")


if __name__ == "__main__":
    if _INSIDE not in os.environ:
        os.environ[_INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--mount", sys.executable, *sys.argv])
    unittest.main()
