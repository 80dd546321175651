# First steps with docstore from Ruby, with nothing but gRPC: first_steps.rb NODE1 NODE2.
#
# NODE1 and NODE2 are HOST:PORT of two nodes of one cluster. The stubs are generated from the shipped
# protos; the README has the commands.

require 'grpc'
require 'google/protobuf/well_known_types'
require 'google/rpc/error_details_pb'
require 'docstore/v1/document_services_pb'
require 'docstore/v1/cluster_services_pb'

V1 = Docstore::V1
PEOPLE = 'people'
CODE_NAMES = GRPC::Core::StatusCodes.constants.to_h do |name|
  [GRPC::Core::StatusCodes.const_get(name), name.to_s]
end

# The services of one node.
class Node
  attr_reader :documents

  def initialize(address)
    @documents = V1::DocumentService::Stub.new(address, :this_channel_is_insecure)
    @cluster = V1::ClusterService::Stub.new(address, :this_channel_is_insecure)
  end

  def put(id, json, **condition)
    @documents.put(V1::PutRequest.new(collection: PEOPLE, id: id, json: json,
                                  condition: V1::Condition.new(**condition)))
  end

  def get(id)
    @documents.get(V1::GetRequest.new(collection: PEOPLE, id: id, include_siblings: true))
  end

  # Everything written so far, at any node, is on every node afterwards.
  def wait_converged
    reply = @cluster.wait_converged(V1::WaitConvergedRequest.new(timeout_ms: 30_000))
    abort "not converged, behind: #{reply.behind.map(&:name)}" unless reply.converged
  end
end

def describe(code, reason, field, offset)
  "#{CODE_NAMES[code]} #{reason}#{", field #{field}" unless field.empty?}" \
    "#{", byte #{offset}" if offset >= 0}"
end

# What a failed call says: its code, and its google.rpc details out of the trailer
# grpc-status-details-bin, which to_rpc_status reads.
def explain(error)
  reason, field, offset = '', '', -1
  error.to_rpc_status.details.each do |detail|
    if detail.is(Google::Rpc::ErrorInfo)
      info = detail.unpack(Google::Rpc::ErrorInfo)
      reason, offset = info.reason, (info.metadata['offset'] || -1).to_i
    elsif detail.is(Google::Rpc::BadRequest)
      field = detail.unpack(Google::Rpc::BadRequest).field_violations.first.field
    end
  end
  describe(error.code, reason, field, offset)
end

def refused(what)
  yield
  abort "#{what}: was not refused"
rescue GRPC::BadStatus => error
  puts "#{what}: #{explain(error)}"
end

def write_and_read(node)
  put = node.put('ada', '{"born": 1815}')
  puts "put: #{put.id} by #{put.served_by}"
  ada = node.get('ada')
  puts "get: #{ada.winner.json}, #{ada.sibling_count} siblings"
  ada
end

# Read, change, write: only if nobody wrote in between.
def guards(node, ada)
  put = node.put('ada', '{"born": 1815, "field": "computing"}', if_version: ada.winner.version)
  puts "if_version as read: #{put.id} by #{put.served_by}"
  refused('if_version again') { node.put('ada', '{}', if_version: ada.winner.version) }
  refused('if_absent') { node.put('ada', '{}', if_absent: true) }
end

def errors(node)
  refused('no such document') { node.get('nobody') }
  refused('broken JSON') { node.put('bob', '{"born": }') }
  refused('bad name') { node.documents.get(V1::GetRequest.new(collection: 'no/name', id: 'bob')) }
  refused('forged context') { node.put('bob', '{}', context: 'forged') }
end

# A failing item leaves the others alone; the last message says how many items there were.
def bulk(node)
  people = [['bob', '{"born": 1906}'], ['eve', '{"born": }'], ['cleo', '{"born": -69}']]
  requests = people.map do |id, json|
    put = V1::PutRequest.new(collection: PEOPLE, id: id, json: json)
    V1::BulkWriteRequest.new(item: V1::BulkItem.new(put: put))
  end
  requests << V1::BulkWriteRequest.new(end: people.size)
  results = node.documents.bulk_write(requests).flat_map { |reply| reply.results.to_a }
  results.sort_by(&:index).each do |result|
    status = result.status
    ok = status.code.zero?
    puts "bulk item #{result.index}: " +
         (ok ? 'OK' : describe(status.code, status.reason, status.field, status.offset))
  end
end

def list_all(node)
  page_token = ''
  loop do
    page = node.documents.list(V1::ListRequest.new(collection: PEOPLE, page_size: 2,
                                               page_token: page_token))
    page.documents.each { |document| puts "list: #{document.id} #{document.winner.json}" }
    page_token = page.next_page_token
    break if page_token.empty?
  end
end

# Two nodes replace the same version: nothing is lost, both stay until somebody decides.
def conflict(node1, node2)
  version = node1.get('ada').winner.version
  node1.wait_converged
  node1.put('ada', '{"city": "London"}', context: version)
  node2.put('ada', '{"city": "Paris"}', context: version)
  node1.wait_converged
  at1, at2 = node1.get('ada'), node2.get('ada')
  [at1, at2].each do |at|
    both = [at.winner, *at.siblings].map(&:json).sort
    puts "conflict at #{at.served_by}: #{both.join(' and ')}"
  end
  puts "same winner: #{at1.winner.version == at2.winner.version ? 'yes' : 'no'}"
  at2
end

# A resolve_context replaces all that it was read with.
def resolve(node1, node2, read)
  put = node2.put('ada', '{"city": "London, then Paris"}', context: read.resolve_context)
  puts "resolved by #{put.served_by}, #{put.sibling_count} siblings"
  node2.wait_converged
  ada = node1.get('ada')
  puts "get at #{ada.served_by}: #{ada.winner.json}, #{ada.sibling_count} siblings"
end

def delete_all(node)
  %w[ada bob cleo].each do |id|
    node.documents.delete(V1::DeleteRequest.new(collection: PEOPLE, id: id))
  end
  refused('get after delete') { node.get('ada') }
end

node1, node2 = ARGV.map { |address| Node.new(address) }
ada = write_and_read(node1)
guards(node1, ada)
errors(node1)
bulk(node1)
list_all(node1)
resolve(node1, node2, conflict(node1, node2))
delete_all(node1)
