#!/usr/bin/python3
"""How a node starts, what it refuses to start with, what it answers beside documents, how it ends."""

import json
import os
import signal
import subprocess
import time
import unittest

import grpc

import cluster
from docstore.v1 import cluster_pb2, document_pb2
from node_process import DOCSTORED

_QUICK_END_S = 10


class StartupTest(cluster.ClusterTest):

    def refused(self, *flags, environment=None):
        """Runs docstored with flags that it must refuse; returns its exit code and stderr."""
        defaults = {"--name": "x", "--data": os.path.join(self.folder, "refused"),
                    "--listen": "127.0.0.1:0", "--peer-listen": "127.0.0.1:0", "--http-listen": "127.0.0.1:0"}
        command = [DOCSTORED, *flags]
        for flag, value in defaults.items():
            if flag not in flags:
                command += [flag, value]
        completed = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, timeout=60, check=False,
                                   env={**os.environ, **(environment or {})})
        self.assertNotEqual(completed.returncode, 0)
        self.assertGreater(completed.returncode, 0, "ended by a signal")
        return completed.stderr.decode()

    def test_flags_that_cannot_work_are_refused_with_what_to_do(self):
        self.assertIn("--role", self.refused("--role", "replica"))
        self.assertIn("no-such-flag", self.refused("--no-such-flag", "1"))
        for flag in ("--listen", "--peer-listen", "--http-listen"):
            text = self.refused(flag, "0.0.0.0:0")
            self.assertIn("--insecure", text)
            self.assertIn(flag[2:], text)
        self.assertIn("document-bytes-max", self.refused("--document-bytes-max", "8388609"))
        self.assertIn("DOCSTORE_ROLE", self.refused(environment={"DOCSTORE_ROLE": "replica"}))
        self.assertIn("seeds", self.refused("--seeds", "nowhere"))
        self.assertFalse(os.path.exists(os.path.join(self.folder, "refused")))

    def test_unknown_key_of_the_configuration_file_is_refused_by_line(self):
        path = os.path.join(self.folder, "docstored.toml")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write('cluster = "shop"\nnmae = "node1"\n')
        self.assertIn("docstored.toml:2", self.refused("--config", path))

    def test_insecure_is_said_aloud(self):
        node = self.node("node1", flags=["--insecure", "--listen", "0.0.0.0:0", "--advertise", "127.0.0.1:0"])
        node.start()
        self.assertIn("WARN", node.log())
        port = node.client.rsplit(":", 1)[1]
        with grpc.insecure_channel("127.0.0.1:" + port) as channel:
            status = channel.unary_unary(
                "/docstore.v1.ClusterService/GetStatus",
                request_serializer=cluster_pb2.GetStatusRequest.SerializeToString,
                response_deserializer=cluster_pb2.GetStatusResponse.FromString)
            self.assertTrue(status(cluster_pb2.GetStatusRequest(), timeout=30).insecure)

    def test_taken_port_is_refused_by_its_flag(self):
        node = self.node("node1").start()
        for key, flag in (("client", "--listen"), ("peer", "--peer-listen"), ("http", "--http-listen")):
            text = self.refused(flag, node.addresses[key])
            self.assertIn(node.addresses[key], text)
            self.assertIn(flag, text)

    def test_data_of_a_running_process_is_refused(self):
        node = self.node("node1").start()
        text = self.refused("--data", node.data, "--name", "node1")
        self.assertIn(node.data, text)
        self.assertIsNone(node.process.poll())
        self.assertEqual(node.http("/readyz")[0], 200)

    def test_data_of_another_cluster_or_node_is_refused(self):
        node = self.node("node1", flags=["--cluster", "one"]).start()
        node.stop()
        text = self.refused("--data", node.data, "--name", "node1", "--cluster", "two")
        self.assertIn('"one"', text)
        self.assertIn('"two"', text)
        text = self.refused("--data", node.data, "--name", "node2", "--cluster", "one")
        self.assertIn("node1", text)
        self.assertIn("node2", text)

    def test_nodes_of_another_cluster_do_not_merge(self):
        one = self.node("node1", flags=["--cluster", "one"]).start()
        two = self.node("node2", flags=["--cluster", "two"], seeds=[one.peer])
        two.start(ready=False)
        cluster.wait_until(lambda: "--cluster" in two.log() + one.log(), "a refusal in the log")
        reply = one.stubs.cluster.GetStatus(cluster_pb2.GetStatusRequest(), timeout=30)
        self.assertEqual([each.name for each in reply.nodes], ["node1"])

    def test_own_address_among_the_seeds_is_ignored(self):
        node = self.node("node1").start()
        node.stop()
        node.seeds = [node.peer]
        began = time.monotonic()
        node.start()
        self.assertLess(time.monotonic() - began, _QUICK_END_S)
        reply = node.stubs.cluster.GetStatus(cluster_pb2.GetStatusRequest(), timeout=30)
        self.assertEqual([each.name for each in reply.nodes], ["node1"])

    def test_http_pages(self):
        node = self.node("node1").start()
        self.assertEqual(node.http("/healthz"), (200, "ok\n"))
        self.assertEqual(node.http("/readyz")[0], 200)
        code, body = node.http("/version")
        self.assertEqual(code, 200)
        self.assertEqual(sorted(json.loads(body)), ["protocol", "schema", "version"])
        self.assertEqual(node.http("/nothing")[0], 404)

    def test_health_service(self):
        node = self.node("node1").start()
        check = node.stubs.channel.unary_unary("/grpc.health.v1.Health/Check")
        serving = b"\x08\x01"  # HealthCheckResponse{status=SERVING}
        for service in (b"", b"docstore.v1.DocumentService"):
            request = b"\x0a" + bytes([len(service)]) + service if service else b""
            # The health service follows readiness a moment later.
            cluster.wait_until(lambda: check(request, timeout=30) == serving, "SERVING")

    def test_reflection_lists_the_public_services(self):
        node = self.node("node1").start()
        reflect = node.stubs.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        # ServerReflectionRequest{list_services="*"}
        answer = b"".join(reflect(iter([b"\x3a\x01*"]), timeout=30))
        for service in (b"DocumentService", b"CollectionService", b"ClusterService"):
            self.assertIn(b"docstore.v1." + service, answer)
        self.assertIn(b"grpc.health.v1.Health", answer)
        self.assertNotIn(b"docstore.peer", answer)

    def test_sigterm_ends_quickly_and_keeps_every_write(self):
        node = self.node("node1").start()
        node.stubs.documents.Put(document_pb2.PutRequest(collection="c", id="1", json=b"{}"), timeout=30)
        began = time.monotonic()
        self.assertEqual(node.kill(signal.SIGTERM), 0, node.log()[-2000:])
        self.assertLess(time.monotonic() - began, _QUICK_END_S)
        self.assertFalse(os.path.exists(os.path.join(node.data, "addresses")))
        node.start()
        reply = node.stubs.documents.Get(document_pb2.GetRequest(collection="c", id="1"), timeout=30,
                                         wait_for_ready=True)
        self.assertEqual(reply.winner.json, b"{}")

    def test_second_sigterm_ends_at_once(self):
        node = self.node("node1").start()
        # Both signals are pending when the process goes on; one may be merged into the other.
        node.process.send_signal(signal.SIGTERM)
        node.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        self.assertIn(node.wait_end(), (0, 128 + signal.SIGTERM))
        self.assertLess(time.monotonic() - began, _QUICK_END_S)


if __name__ == "__main__":
    unittest.main()
