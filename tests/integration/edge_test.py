#!/usr/bin/python3
"""What clients and strangers may do to a node's ports without hurting it or each other."""

import os
import resource
import socket
import unittest

import grpc

import cluster
from docstore.v1 import cluster_pb2, document_pb2
from node_process import DEADLINE_S, Stubs, wait_until

_IDLE_CONNECTIONS = 1000
_SLOW_READERS = 8
# Of one slow reader's answer, that it never reads.
_ANSWER_DOCUMENTS = 500
_DOCUMENT_BYTES = 1 << 20
# What a node may grow by meanwhile, freed memory that AddressSanitizer keeps included; the answers
# together are 4 GB.
_GROWTH_BYTES_MAX = 768 << 20
_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def _put(stubs, name, body=b"{}", **how):
    return stubs.documents.Put(document_pb2.PutRequest(collection="c", id=name, json=body), timeout=30, **how)


def _get(stubs, name):
    return stubs.documents.Get(document_pb2.GetRequest(collection="c", id=name), timeout=30).winner.json


def _resident_bytes(node):
    with open("/proc/%d/statm" % node.process.pid, encoding="ascii") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize()


def _connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=30)


class ClientEdgeTest(cluster.ClusterTest):

    def connected(self, node):
        stubs = Stubs(node.client)
        self.addCleanup(stubs.close)
        grpc.channel_ready_future(stubs.channel).result(DEADLINE_S)
        return stubs

    def code_of(self, call):
        with self.assertRaises(grpc.RpcError) as raised:
            call()
        return raised.exception.code()

    def test_slow_readers_cost_bounded_memory_and_hold_nobody_up(self):
        node = self.node("node1").start()
        _put(node.stubs, "big", b'{"pad":"%s"}' % (b"x" * (_DOCUMENT_BYTES - 20)))
        before = _resident_bytes(node)
        readers = [self.connected(node) for _ in range(_SLOW_READERS)]
        request = document_pb2.BatchGetRequest(collection="c", ids=["big"] * _ANSWER_DOCUMENTS)
        streams = [reader.documents.BatchGet(request) for reader in readers]
        for stream in streams:
            next(stream)  # and no more
        for number in range(50):
            _put(node.stubs, "%d" % number)
        self.assertLess(_resident_bytes(node) - before, _GROWTH_BYTES_MAX)
        for stream in streams:
            stream.cancel()
        self.assertEqual(_get(node.stubs, "49"), b"{}")

    def test_a_thousand_idle_connections_leave_room_for_more(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 2 * _IDLE_CONNECTIONS:
            self.skipTest("this process may not open so many connections itself")
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))  # inherited by the node
        node = self.node("node1").start()
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        idle = []
        for _ in range(_IDLE_CONNECTIONS):
            idle.append(_connect(node.client))
            self.addCleanup(idle[-1].close)
            idle[-1].sendall(_HTTP2_PREFACE)
        for connection in idle:
            self.assertTrue(connection.recv(1), "an idle connection was closed")
        late = self.connected(node)
        _put(late, "late")
        self.assertEqual(_get(late, "late"), b"{}")
        self.assertEqual(node.http("/readyz")[0], 200)

    def test_cancelled_and_expired_calls_end_and_leave_nothing_behind(self):
        node = self.node("node1").start()
        put = node.stubs.documents.Put
        calls = []
        for number in range(300):
            request = document_pb2.PutRequest(collection="c", id="%d" % number, json=b"{}")
            calls.append(put.future(request, timeout=0.001 if number % 3 == 0 else 30))
            if number % 3 == 1:
                calls[-1].cancel()
        codes = []
        for call in calls:
            try:
                codes.append(call.code())
            except grpc.FutureCancelledError:
                codes.append(grpc.StatusCode.CANCELLED)
        self.assertLessEqual(set(codes), {grpc.StatusCode.OK, grpc.StatusCode.CANCELLED,
                                          grpc.StatusCode.DEADLINE_EXCEEDED})
        for number, code in enumerate(codes):
            if number % 3 == 2:
                self.assertEqual(code, grpc.StatusCode.OK)
            if code == grpc.StatusCode.OK:
                self.assertEqual(_get(node.stubs, "%d" % number), b"{}")
        # A call that waits for something that does not come.
        other = self.node("node2", [node.peer]).start()
        cluster.shell.execute(node.client, "wait converged")
        other.kill()
        waiting = [node.stubs.cluster.WaitConverged.future(cluster_pb2.WaitConvergedRequest(timeout_ms=600_000))
                   for _ in range(10)]
        for call in waiting:
            self.assertFalse(call.done())
            call.cancel()
        _put(node.stubs, "after")
        self.assertEqual(node.stop(), 0)

    def test_oversized_messages_are_refused_and_the_next_is_served(self):
        node = self.node("node1").start()
        over = b'{"pad":"%s"}' % (b"x" * _DOCUMENT_BYTES)
        self.assertEqual(self.code_of(lambda: _put(node.stubs, "over", over)),
                         grpc.StatusCode.INVALID_ARGUMENT)
        far_over = b'{"pad":"%s"}' % (b"x" * (16 << 20))
        self.assertEqual(self.code_of(lambda: _put(node.stubs, "over", far_over)),
                         grpc.StatusCode.RESOURCE_EXHAUSTED)

        def item(name, body):
            return document_pb2.BulkWriteRequest(item=document_pb2.BulkItem(
                put=document_pb2.PutRequest(collection="c", id=name, json=body)))

        messages = iter([item("small", b"{}"), item("over", far_over), document_pb2.BulkWriteRequest(end=2)])
        self.assertNotEqual(self.code_of(lambda: list(node.stubs.documents.BulkWrite(messages, timeout=30))),
                            grpc.StatusCode.OK)
        _put(node.stubs, "after")
        self.assertEqual(_get(node.stubs, "after"), b"{}")

    def test_bulk_stream_cut_in_the_middle_keeps_what_was_answered(self):
        node = self.node("node1").start()
        going = True

        def items():
            number = 0
            while going:
                yield document_pb2.BulkWriteRequest(item=document_pb2.BulkItem(
                    put=document_pb2.PutRequest(collection="c", id="%d" % number, json=b"{}")))
                number += 1

        cut = self.connected(node)
        answered = 0
        replies = cut.documents.BulkWrite(items())
        while answered < 500:
            answered += len(next(replies).results)
        replies.cancel()
        going = False
        for number in range(answered):
            self.assertEqual(_get(node.stubs, "%d" % number), b"{}")
        _put(node.stubs, "after")


class PeerEdgeTest(cluster.ClusterTest):

    def assert_cluster_works(self, nodes, name):
        _put(nodes[0].stubs, name)
        nodes.wait_converged()
        self.assertEqual(_get(nodes[1].stubs, name), b"{}")

    def test_bytes_that_are_no_http2_are_closed(self):
        nodes = self.start(2)
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), bytes(4096),
                        _HTTP2_PREFACE + b"\xff" * 4096):
            for address in (nodes[0].peer, nodes[0].client):
                with _connect(address) as connection:
                    connection.sendall(garbage)
                    while True:  # ends when the node closes
                        try:
                            if not connection.recv(4096):
                                break
                        except ConnectionResetError:
                            break
        self.assert_cluster_works(nodes, "after")

    def test_packets_that_are_no_frame_are_refused_with_a_text(self):
        nodes = self.start(2)
        with grpc.insecure_channel(nodes[0].peer) as channel:
            sync = channel.stream_stream("/docstore.peer.v1.PeerService/Sync")  # bytes in, bytes out
            for garbage, text in ((b"\xff" * 100, "no docstore.peer.v1.SyncRequest"),
                                  (bytes(range(256)), "no docstore.peer.v1.SyncRequest"),
                                  (b"", "packet"), (b"\x0a\x02\x08\x00", "packet"), (bytes(2 << 20), "larger")):
                with self.assertRaises(grpc.RpcError) as raised:
                    list(sync(iter([garbage]), timeout=30))
                self.assertIn(text, raised.exception.details())
        # The node tells whom it was that it could not understand.
        self.assertRegex(nodes[0].log(), "from ipv4:127.0.0.1:[0-9]+ ended before it said Hello: a message that is no")
        self.assert_cluster_works(nodes, "after")

    def test_peers_of_another_secret_are_refused_with_a_text_on_both_sides(self):
        nodes = []
        for name in ("node1", "node2"):
            secret = os.path.join(self.folder, name + ".secret")
            with open(secret, "w", encoding="ascii") as stream:
                stream.write("the secret of %s, which is long enough\n" % name)
            nodes.append(self.node(name, [node.peer for node in nodes], ["--secret-file", secret]))
            nodes[-1].start(ready=False)
        for node in nodes:
            wait_until(lambda node=node: "--secret-file" in node.log(), "%s tells of the refusal" % node.name)
        reply = nodes[0].stubs.cluster.GetStatus(cluster_pb2.GetStatusRequest(), timeout=30)
        self.assertEqual([each.name for each in reply.nodes], ["node1"])


if __name__ == "__main__":
    unittest.main()
