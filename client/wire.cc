#include "client/wire.h"

#include <string>
#include <utility>

#include "client/dot_set.h"
#include "client/error.h"

namespace docstore::client {
namespace {

std::string StateName(v1::NodeState state) {
  switch (state) {
    case v1::NODE_STATE_SELF:
      return "self";
    case v1::NODE_STATE_CONNECTED:
      return "connected";
    case v1::NODE_STATE_UNREACHABLE:
      return "unreachable";
    default:
      return "unknown";
  }
}

std::string RoleName(v1::NodeRole role) {
  return role == v1::NODE_ROLE_MASTER ? "master" : "unknown";
}

Node FromWire(const v1::Node& wire) {
  Node node;
  node.name = wire.name();
  node.state = StateName(wire.state());
  node.role = RoleName(wire.role());
  node.client_address = wire.client_address();
  node.peer_address = wire.peer_address();
  node.node_uuid = wire.node_uuid();
  node.behind = wire.behind();
  node.ahead = wire.ahead();
  node.last_heard_ms = wire.last_heard_ms();
  node.sent_frames = wire.sent_frames();
  node.sent_bytes = wire.sent_bytes();
  node.received_frames = wire.received_frames();
  node.received_bytes = wire.received_bytes();
  node.last_error = wire.last_error();
  return node;
}

DotSet ClockOf(const google::protobuf::RepeatedPtrField<v1::DotRange>& ranges) {
  DotSet clock;
  for (const v1::DotRange& range : ranges) clock.Add(range.origin(), range.first(), range.last());
  return clock;
}

}  // namespace

Version FromWire(v1::Version&& wire) {
  return {std::move(*wire.mutable_version()), wire.deleted(), std::move(*wire.mutable_json()),
          wire.written_at_ms()};
}

Document FromWire(v1::GetResponse&& wire) {
  Document document;
  document.id = std::move(*wire.mutable_id());
  document.winner = FromWire(std::move(*wire.mutable_winner()));
  document.sibling_count = wire.sibling_count();
  for (v1::Version& sibling : *wire.mutable_siblings()) {
    document.siblings.push_back(FromWire(std::move(sibling)));
  }
  for (std::string& version : *wire.mutable_sibling_versions()) {
    document.sibling_versions.push_back(std::move(version));
  }
  document.resolve_context = std::move(*wire.mutable_resolve_context());
  document.siblings_truncated = wire.siblings_truncated();
  document.served_by = std::move(*wire.mutable_served_by());
  return document;
}

Document FromWire(v1::ListedDocument&& wire) {
  Document document;
  document.id = std::move(*wire.mutable_id());
  document.winner = FromWire(std::move(*wire.mutable_winner()));
  document.sibling_count = wire.sibling_count();
  return document;
}

Written FromWire(v1::PutResponse&& wire) {
  return {std::move(*wire.mutable_id()), std::move(*wire.mutable_version()),
          wire.superseded_siblings(), wire.sibling_count(), std::move(*wire.mutable_served_by())};
}

Written FromWire(v1::DeleteResponse&& wire) {
  return {"", std::move(*wire.mutable_version()), wire.superseded_siblings(), wire.sibling_count(),
          std::move(*wire.mutable_served_by())};
}

Collection FromWire(v1::Collection&& wire) {
  return {std::move(*wire.mutable_name()), wire.document_count(), wire.conflict_count(),
          wire.json_bytes()};
}

Conflict FromWire(v1::Conflict&& wire) {
  return {std::move(*wire.mutable_collection()), std::move(*wire.mutable_id()),
          wire.sibling_count()};
}

ClusterStatus FromWire(v1::GetStatusResponse&& wire) {
  ClusterStatus status;
  status.cluster_name = wire.cluster_name();
  status.seen_by = wire.seen_by();
  status.seen_at_ms = wire.seen_at_ms();
  for (const v1::Node& node : wire.nodes()) status.nodes.push_back(FromWire(node));
  status.converged = wire.converged();
  status.ready = wire.ready();
  status.collection_count = wire.collection_count();
  status.document_count = wire.document_count();
  status.conflict_count = wire.conflict_count();
  status.bytes_on_disk = wire.bytes_on_disk();
  status.alarms.assign(wire.alarms().begin(), wire.alarms().end());
  status.server_version = wire.server_version();
  status.insecure = wire.insecure();
  return status;
}

Convergence FromWire(v1::WaitConvergedResponse&& wire) {
  Convergence convergence;
  convergence.converged = wire.converged();
  convergence.waited_ms = wire.waited_ms();
  for (const v1::NodeBehind& node : wire.behind()) {
    convergence.behind.push_back({node.name(), node.reachable(), node.missing()});
  }
  convergence.served_by = wire.served_by();
  return convergence;
}

ContentDigest FromWire(v1::GetContentDigestResponse&& wire) {
  ContentDigest digest;
  digest.served_by = wire.served_by();
  digest.clock = ClockOf(wire.clock());
  for (const v1::ContentBucket& bucket : wire.buckets()) {
    digest.buckets.push_back(
        {bucket.index(), bucket.document_count(), bucket.sum_high(), bucket.sum_low()});
  }
  for (const v1::DocumentKey& key : wire.damaged()) {
    digest.damaged.push_back({key.collection(), key.id()});
  }
  digest.document_count = wire.totals().document_count();
  digest.version_count = wire.totals().version_count();
  digest.json_bytes = wire.totals().json_bytes();
  digest.damaged_count = wire.totals().damaged_count();
  return digest;
}

Content FromWire(v1::ListContentResponse&& wire) {
  Content content;
  content.served_by = wire.served_by();
  content.clock = ClockOf(wire.clock());
  for (const v1::ContentEntry& entry : wire.entries()) {
    ContentEntry& to = content.entries.emplace_back();
    to.key = {entry.key().collection(), entry.key().id()};
    for (const v1::ContentVersion& version : entry.versions()) {
      to.versions.push_back({.dot = {version.dot().origin(), version.dot().seq()},
                             .timestamp = version.timestamp(),
                             .deleted = version.deleted(),
                             .hash_high = version.hash_high(),
                             .hash_low = version.hash_low(),
                             .json_bytes = version.json_bytes(),
                             .damaged = version.damaged()});
    }
  }
  return content;
}

void ToWire(const ContentQuery& query, v1::ListContentRequest* wire) {
  wire->set_collection(query.collection);
  wire->mutable_buckets()->Add(query.buckets.begin(), query.buckets.end());
  for (const DocumentKey& key : query.documents) {
    v1::DocumentKey* document = wire->add_documents();
    document->set_collection(key.collection);
    document->set_id(key.id);
  }
}

absl::Status StatusOf(const v1::ItemStatus& wire) {
  if (wire.code() == 0) return absl::OkStatus();
  ErrorDetail detail;
  detail.reason = wire.reason();
  detail.field = wire.field();
  detail.offset = wire.offset();
  return WithDetail(absl::Status(static_cast<absl::StatusCode>(wire.code()), wire.message()),
                    detail);
}

void ToWire(const Condition& condition, v1::Condition* wire) {
  switch (condition.kind) {
    case Condition::Kind::kNone:
      return;
    case Condition::Kind::kIfAbsent:
      wire->set_if_absent(true);
      return;
    case Condition::Kind::kIfVersion:
      wire->set_if_version(condition.token);
      return;
    case Condition::Kind::kContext:
      wire->set_context(condition.token);
      return;
  }
}

void ToWire(BulkItem&& item, v1::BulkItem* wire) {
  const bool guarded = item.condition.kind != Condition::Kind::kNone;
  if (item.deletes) {
    v1::DeleteRequest* request = wire->mutable_delete_();
    request->set_collection(std::move(item.collection));
    request->set_id(std::move(item.id));
    if (guarded) ToWire(item.condition, request->mutable_condition());
    return;
  }
  v1::PutRequest* request = wire->mutable_put();
  request->set_collection(std::move(item.collection));
  request->set_id(std::move(item.id));
  request->set_json(std::move(item.json));
  if (guarded) ToWire(item.condition, request->mutable_condition());
}

}  // namespace docstore::client
