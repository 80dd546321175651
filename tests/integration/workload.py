"""Workload: threads that write at all nodes at once, every value unique, and record a History.

Three kinds of documents: `own` ones have one writer that overwrites them at one node; `free` ones
are overwritten by everybody; `shared` ones are read, at any node, and written with what was read.
The kinds get new ids whenever `epoch` moves on, so that no document's history grows long.
"""

import json
import random
import threading
import time

import grpc

from docstore.v1 import document_pb2
from history import Write
from node_process import wait_until

COLLECTION = "history"
_DOCUMENTS_A_KIND = 4
_PAUSE_S = 0.02  # after a call that failed, so that a node that is down is not asked in a tight loop
# Codes after which a write may have had an effect; UNAVAILABLE only without details of the API.
_AMBIGUOUS = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED,
              grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INTERNAL}
# What a write of this workload may be told besides.
_EXPECTED = {grpc.StatusCode.ABORTED, grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.NOT_FOUND,
             grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.RESOURCE_EXHAUSTED}


def _has_details(error):
    return any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata() or ())


def send(node, write, condition, timeout_s):
    """Asks `node` for `write`, notes in it that it was acknowledged, and returns its version.

    Raises grpc.RpcError when it was not.
    """
    stub = node.stubs.documents
    if write.deletes:
        reply = stub.Delete(document_pb2.DeleteRequest(collection=COLLECTION, id=write.key, condition=condition),
                            timeout=timeout_s)
    else:
        reply = stub.Put(document_pb2.PutRequest(collection=COLLECTION, id=write.key, condition=condition,
                                                 json=json.dumps({"v": write.value}).encode()),
                         timeout=timeout_s)
    write.ended = time.monotonic()
    write.acknowledged = True
    return reply.version


class Workload:
    """Writers, two for each node. `stop` ends them; `errors` holds what no write may be told.

    A call that takes longer than `call_timeout_s` is given up; the outcome of a write is then unknown.
    """

    def __init__(self, cluster, history, seed, call_timeout_s=10, writers_a_node=2):
        self.history = history
        self.epoch = 0
        self.errors = []
        self._nodes = list(cluster)
        self._call_timeout_s = call_timeout_s
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(node, number, random.Random("%s %s %d" % (seed, node.name, number))))
            for node in self._nodes for number in range(writers_a_node)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self.stop()

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for_writes(self, count, at=None):
        """Returns when `count` more writes are acknowledged: at each of the nodes `at`, or in all."""
        names = [None] if at is None else [node.name for node in at]
        targets = {name: self.history.acknowledged(name) + count for name in names}
        wait_until(lambda: self.errors or all(
            self.history.acknowledged(name) >= target for name, target in targets.items()),
                   "%d more acknowledged writes at %s" % (count, names))
        assert not self.errors, self.errors

    def _write(self, node, number, rng):
        count = 0
        while not self._stopping.is_set():
            count += 1
            value = "%s/%d/%d" % (node.name, number, count)
            kind = rng.choice(["own", "free", "shared", "shared"])
            owner = "-%s-%d" % (node.name, number) if kind == "own" else ""
            key = "%s-%d-%d%s" % (kind, self.epoch, rng.randrange(_DOCUMENTS_A_KIND), owner)
            try:
                answered = self._write_once(node, kind, key, value, rng)
            except Exception as error:  # a bug of this file must not look like a quiet writer
                self.errors.append(repr(error))
                return
            if not answered:
                self._stopping.wait(_PAUSE_S)

    def _write_once(self, node, kind, key, value, rng):
        """One write with its record; whether the node answered it."""
        condition, covers = None, None
        if kind == "shared":
            read = self._read(rng.choice(self._nodes) if rng.random() < 0.3 else node, key)
            if read is None:
                return False
            condition, covers = self._condition(read, rng)
        write = Write(key, value, node.name, time.monotonic(), covers)
        write.deletes = kind != "own" and rng.random() < 0.05 and not (condition and condition.if_absent)
        self.history.add(write)
        try:
            send(node, write, condition, self._call_timeout_s)
            return True
        except grpc.RpcError as error:
            self._record_failure(write, error)
            return False

    def _record_failure(self, write, error):
        code = error.code()
        if code in _AMBIGUOUS and not (code == grpc.StatusCode.UNAVAILABLE and _has_details(error)):
            return
        write.ended = time.monotonic()
        write.refused = True
        if code not in _EXPECTED and code not in _AMBIGUOUS:
            self.errors.append("%r: %s %s" % (write, code, error.details()))

    def _read(self, node, key):
        """The GetResponse, an empty one when there is no document, or None when nobody answered."""
        try:
            return node.stubs.documents.Get(
                document_pb2.GetRequest(collection=COLLECTION, id=key, include_siblings=True),
                timeout=self._call_timeout_s)
        except grpc.RpcError as error:
            return document_pb2.GetResponse() if error.code() == grpc.StatusCode.NOT_FOUND else None
        except ValueError:  # the channel was replaced: the node came back on another port
            return None

    @staticmethod
    def _condition(read, rng):
        """Returns (Condition or None, values it covers or None) for a write after `read`."""
        if not read.winner.version:
            return document_pb2.Condition(if_absent=True), set()
        kind = rng.choice(["context", "if_version", "resolve", "resolve", "if_unchanged"])
        if kind == "context":
            return document_pb2.Condition(context=read.winner.version), {value_of(read.winner.json)}
        if kind == "if_version":
            return document_pb2.Condition(if_version=read.winner.version), {value_of(read.winner.json)}
        covers = {value_of(version.json) for version in [read.winner, *read.siblings] if not version.deleted}
        if kind == "resolve":
            return document_pb2.Condition(context=read.resolve_context), covers
        return document_pb2.Condition(if_version=read.resolve_context), covers


def value_of(text):
    """The unique value in a document of this workload."""
    return json.loads(text)["v"]


def present_values(states):
    """Turns Cluster.states() into what History.violations takes."""
    return {key: {value_of(text) for _, deleted, text in versions if not deleted}
            for key, versions in states.items()}


def assert_nothing_lost(test, cluster, workload):
    """After the writers have ended: all nodes converge, export the same bytes and fit the history."""
    test.assertEqual(workload.errors, [])
    cluster.wait_converged()
    assert_history_holds(test, cluster, workload.history)


def assert_history_holds(test, cluster, history):
    """All nodes, which have converged, export the same bytes and fit the history."""
    test.assert_equal_everywhere(cluster)
    end = present_values(cluster.states(cluster[0], COLLECTION))
    print("%d acknowledged, %d unknown, %d documents" % (
        history.acknowledged(), history.unknown(), len(end)))
    test.assertEqual(history.violations(end), [])
