// Between docstore.v1 messages and the client's plain structs.
//
// The one place that knows both; everything above it is free of protobuf. Pure.

#ifndef DOCSTORE_CLIENT_WIRE_H_
#define DOCSTORE_CLIENT_WIRE_H_

#include "absl/status/status.h"
#include "client/cluster.h"
#include "client/content.h"
#include "client/document.h"
#include "docstore/v1/cluster.pb.h"
#include "docstore/v1/collection.pb.h"
#include "docstore/v1/document.pb.h"

namespace docstore::client {

Version FromWire(v1::Version&& version);
Document FromWire(v1::GetResponse&& response);
Document FromWire(v1::ListedDocument&& document);
Written FromWire(v1::PutResponse&& response);
Written FromWire(v1::DeleteResponse&& response);
Collection FromWire(v1::Collection&& collection);
Conflict FromWire(v1::Conflict&& conflict);
ClusterStatus FromWire(v1::GetStatusResponse&& response);
Convergence FromWire(v1::WaitConvergedResponse&& response);
// Of all parts joined.
ContentDigest FromWire(v1::GetContentDigestResponse&& response);
Content FromWire(v1::ListContentResponse&& response);

// OK or the item's error with its details.
absl::Status StatusOf(const v1::ItemStatus& status);

// Leaves `wire` untouched for kNone.
void ToWire(const Condition& condition, v1::Condition* wire);
void ToWire(BulkItem&& item, v1::BulkItem* wire);
void ToWire(const ContentQuery& query, v1::ListContentRequest* wire);

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_WIRE_H_
