"""First steps with docstore from Python, with nothing but gRPC: first_steps.py NODE1 NODE2.

NODE1 and NODE2 are HOST:PORT of two nodes of one cluster. The stubs are generated from the shipped
protos; the README has the commands.
"""
import sys

import grpc

from docstore.v1 import cluster_pb2, cluster_pb2_grpc
from docstore.v1 import document_pb2 as pb
from docstore.v1 import document_pb2_grpc
from google.rpc import error_details_pb2, status_pb2

PEOPLE = "people"
CODE_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


class Node:
    """The services of one node."""

    def __init__(self, address):
        channel = grpc.insecure_channel(address)
        self.documents = document_pb2_grpc.DocumentServiceStub(channel)
        self.cluster = cluster_pb2_grpc.ClusterServiceStub(channel)

    def put(self, id, json, **condition):
        return self.documents.Put(pb.PutRequest(
            collection=PEOPLE, id=id, json=json, condition=pb.Condition(**condition)))

    def get(self, id):
        return self.documents.Get(pb.GetRequest(collection=PEOPLE, id=id, include_siblings=True))

    def wait_converged(self):
        """Everything written so far, at any node, is on every node now."""
        reply = self.cluster.WaitConverged(cluster_pb2.WaitConvergedRequest(timeout_ms=30000))
        if not reply.converged:
            sys.exit("not converged, behind: %s" % [node.name for node in reply.behind])


def describe(code, reason, field, offset):
    return "%s %s%s%s" % (code, reason, ", field " + field if field else "",
                          ", byte %d" % offset if offset >= 0 else "")


def explain(error):
    """What a failed call says: its code, and its google.rpc details out of the trailer."""
    reason, field, offset = "", "", -1
    trailer = dict(error.trailing_metadata())
    for detail in status_pb2.Status.FromString(trailer["grpc-status-details-bin"]).details:
        info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason, offset = info.reason, int(info.metadata.get("offset", -1))
        elif detail.Unpack(bad_request):
            field = bad_request.field_violations[0].field
    return describe(error.code().name, reason, field, offset)


def refused(what, call, *arguments, **named):
    try:
        call(*arguments, **named)
        sys.exit(what + ": was not refused")
    except grpc.RpcError as error:
        print("%s: %s" % (what, explain(error)))


def text(version):
    return version.json.decode()


def write_and_read(node):
    put = node.put("ada", b'{"born": 1815}')
    print("put: %s by %s" % (put.id, put.served_by))
    ada = node.get("ada")
    print("get: %s, %d siblings" % (text(ada.winner), ada.sibling_count))
    return ada


def guards(node, ada):
    """Read, change, write: only if nobody wrote in between."""
    put = node.put("ada", b'{"born": 1815, "field": "computing"}', if_version=ada.winner.version)
    print("if_version as read: %s by %s" % (put.id, put.served_by))
    refused("if_version again", node.put, "ada", b"{}", if_version=ada.winner.version)
    refused("if_absent", node.put, "ada", b"{}", if_absent=True)


def errors(node):
    refused("no such document", node.get, "nobody")
    refused("broken JSON", node.put, "bob", b'{"born": }')
    refused("bad name", node.documents.Get, pb.GetRequest(collection="no/name", id="bob"))
    refused("forged context", node.put, "bob", b"{}", context="forged")


def bulk(node):
    """A failing item leaves the others alone; the last message says how many items there were."""
    people = [("bob", b'{"born": 1906}'), ("eve", b'{"born": }'), ("cleo", b'{"born": -69}')]
    requests = [pb.BulkWriteRequest(item=pb.BulkItem(put=pb.PutRequest(
        collection=PEOPLE, id=id, json=json))) for id, json in people]
    requests.append(pb.BulkWriteRequest(end=len(people)))
    results = [result for reply in node.documents.BulkWrite(iter(requests))
               for result in reply.results]
    for result in sorted(results, key=lambda result: result.index):
        status = result.status
        print("bulk item %d: %s" % (result.index, "OK" if status.code == 0 else describe(
            CODE_NAMES[status.code], status.reason, status.field, status.offset)))


def list_all(node):
    page_token = ""
    while True:
        page = node.documents.List(pb.ListRequest(
            collection=PEOPLE, page_size=2, page_token=page_token))
        for document in page.documents:
            print("list: %s %s" % (document.id, text(document.winner)))
        page_token = page.next_page_token
        if not page_token:
            break


def conflict(node1, node2):
    """Two nodes replace the same version: nothing is lost, both stay until somebody decides."""
    version = node1.get("ada").winner.version
    node1.wait_converged()
    node1.put("ada", b'{"city": "London"}', context=version)
    node2.put("ada", b'{"city": "Paris"}', context=version)
    node1.wait_converged()
    at1, at2 = node1.get("ada"), node2.get("ada")
    for at in (at1, at2):
        both = sorted(text(version) for version in [at.winner, *at.siblings])
        print("conflict at %s: %s" % (at.served_by, " and ".join(both)))
    print("same winner:", "yes" if at1.winner.version == at2.winner.version else "no")
    return at2


def resolve(node1, node2, read):
    """A resolve_context replaces all that it was read with."""
    put = node2.put("ada", b'{"city": "London, then Paris"}', context=read.resolve_context)
    print("resolved by %s, %d siblings" % (put.served_by, put.sibling_count))
    node2.wait_converged()
    ada = node1.get("ada")
    print("get at %s: %s, %d siblings" % (ada.served_by, text(ada.winner), ada.sibling_count))


def delete_all(node):
    for id in ("ada", "bob", "cleo"):
        node.documents.Delete(pb.DeleteRequest(collection=PEOPLE, id=id))
    refused("get after delete", node.get, "ada")


def main(address1, address2):
    node1, node2 = Node(address1), Node(address2)
    ada = write_and_read(node1)
    guards(node1, ada)
    errors(node1)
    bulk(node1)
    list_all(node1)
    resolve(node1, node2, conflict(node1, node2))
    delete_all(node1)


if __name__ == "__main__":
    main(*sys.argv[1:])
