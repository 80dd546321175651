"""First steps with docstore from Python, with nothing but gRPC: python3 first_steps.py HOST:PORT.

The stubs are generated from the shipped protos, see the README.
"""
import json
import sys

import grpc

from docstore.v1 import document_pb2 as pb
from docstore.v1 import document_pb2_grpc


def main(address):
    documents = document_pb2_grpc.DocumentServiceStub(grpc.insecure_channel(address))

    put = documents.Put(pb.PutRequest(collection="people", id="ada", json=b'{"born": 1815}'))
    print("written as", put.id, "by", put.served_by)

    got = documents.Get(pb.GetRequest(collection="people", id="ada"))
    person = json.loads(got.winner.json)
    print("read", person, "with", got.sibling_count, "siblings")

    # Read, change, write: only if nobody wrote in between.
    person["field"] = "computing"
    documents.Put(pb.PutRequest(
        collection="people", id="ada", json=json.dumps(person).encode(),
        condition=pb.Condition(if_version=got.winner.version)))

    # The same condition again fails, because the document has moved.
    try:
        documents.Put(pb.PutRequest(
            collection="people", id="ada", json=b"{}",
            condition=pb.Condition(if_version=got.winner.version)))
    except grpc.RpcError as error:
        print("refused:", error.code().name)

    # A stale context is no error: both versions stay, as siblings, until somebody resolves them.
    documents.Put(pb.PutRequest(
        collection="people", id="ada", json=b'{"born": 1815, "city": "London"}',
        condition=pb.Condition(context=got.winner.version)))
    both = documents.Get(pb.GetRequest(collection="people", id="ada", include_siblings=True))
    print("in conflict:", both.winner.json, [s.json for s in both.siblings])

    merged = json.loads(both.winner.json)
    for sibling in both.siblings:
        merged.update(json.loads(sibling.json))
    documents.Put(pb.PutRequest(
        collection="people", id="ada", json=json.dumps(merged, sort_keys=True).encode(),
        condition=pb.Condition(context=both.resolve_context)))
    after = documents.Get(pb.GetRequest(collection="people", id="ada"))
    print("resolved:", after.winner.json, after.sibling_count)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:7421")
