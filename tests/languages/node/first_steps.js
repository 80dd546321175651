// First steps with docstore from Node.js, with @grpc/grpc-js: first_steps.js NODE1 NODE2.
//
// NODE1 and NODE2 are HOST:PORT of two nodes of one cluster. The shipped protos are read at run time;
// the README has the commands.
'use strict';

const path = require('path');
const util = require('util');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const PEOPLE = 'people';
const GOOGLEAPIS = '/usr/share/gocode/src/github.com/gogo/googleapis';  // google/rpc/*.proto
const definition = protoLoader.loadSync(
    ['docstore/v1/document.proto', 'docstore/v1/cluster.proto', 'google/rpc/status.proto',
     'google/rpc/error_details.proto'],
    {
      keepCase: true,
      longs: Number,
      defaults: true,
      includeDirs: [path.join(__dirname, '../../../proto'), GOOGLEAPIS, '/usr/include'],
    });
const {DocumentService, ClusterService} = grpc.loadPackageDefinition(definition).docstore.v1;

// The services of one node, each unary call as a promise.
class Node {
  constructor(address) {
    this.documents = new DocumentService(address, grpc.credentials.createInsecure());
    this.cluster = new ClusterService(address, grpc.credentials.createInsecure());
  }

  // A method of DocumentService by its name in the proto.
  call(method, request) {
    return util.promisify(this.documents[method]).call(this.documents, request);
  }

  put(id, json, condition = {}) {
    return this.call('Put', {collection: PEOPLE, id, json: Buffer.from(json), condition});
  }

  get(id) {
    return this.call('Get', {collection: PEOPLE, id, include_siblings: true});
  }

  // Everything written so far, at any node, is on every node afterwards.
  async waitConverged() {
    const wait = util.promisify(this.cluster.WaitConverged).bind(this.cluster);
    const reply = await wait({timeout_ms: 30000});
    if (!reply.converged) {
      throw new Error(`not converged, behind: ${reply.behind.map((node) => node.name)}`);
    }
  }

  close() {
    this.documents.close();
    this.cluster.close();
  }
}

function describe({code, reason, field, offset}) {
  return `${grpc.status[code]} ${reason}` + (field ? `, field ${field}` : '') +
      (offset >= 0 ? `, byte ${offset}` : '');
}

// What a failed call says: its code, and its google.rpc details out of the trailer.
function explain(error) {
  const found = {code: error.code, reason: '', field: '', offset: -1};
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  for (const detail of definition['google.rpc.Status'].deserialize(bytes).details) {
    const type = detail.type_url.split('/').pop();
    const message = definition[type].deserialize(detail.value);
    if (type === 'google.rpc.ErrorInfo') {
      found.reason = message.reason;
      found.offset = Number(message.metadata.offset ?? -1);
    } else if (type === 'google.rpc.BadRequest') {
      found.field = message.field_violations[0].field;
    }
  }
  return describe(found);
}

async function refused(what, call) {
  let error;
  await call.catch((caught) => error = caught);
  if (!error) throw new Error(`${what}: was not refused`);
  console.log(`${what}: ${explain(error)}`);
}

function text(version) {
  return version.json.toString();
}

async function writeAndRead(node) {
  const put = await node.put('ada', '{"born": 1815}');
  console.log(`put: ${put.id} by ${put.served_by}`);
  const ada = await node.get('ada');
  console.log(`get: ${text(ada.winner)}, ${ada.sibling_count} siblings`);
  return ada;
}

// Read, change, write: only if nobody wrote in between.
async function guards(node, ada) {
  const condition = {if_version: ada.winner.version};
  const put = await node.put('ada', '{"born": 1815, "field": "computing"}', condition);
  console.log(`if_version as read: ${put.id} by ${put.served_by}`);
  await refused('if_version again', node.put('ada', '{}', condition));
  await refused('if_absent', node.put('ada', '{}', {if_absent: true}));
}

async function errors(node) {
  await refused('no such document', node.get('nobody'));
  await refused('broken JSON', node.put('bob', '{"born": }'));
  await refused('bad name', node.call('Get', {collection: 'no/name', id: 'bob'}));
  await refused('forged context', node.put('bob', '{}', {context: 'forged'}));
}

// A failing item leaves the others alone; the last message says how many items there were.
async function bulk(node) {
  const people = [['bob', '{"born": 1906}'], ['eve', '{"born": }'], ['cleo', '{"born": -69}']];
  const stream = node.documents.BulkWrite();
  for (const [id, json] of people) {
    stream.write({item: {put: {collection: PEOPLE, id, json: Buffer.from(json)}}});
  }
  stream.write({end: people.length});
  stream.end();
  const results = [];
  for await (const reply of stream) results.push(...reply.results);
  results.sort((a, b) => a.index - b.index);
  for (const {index, status} of results) {
    console.log(`bulk item ${index}: ${status.code === 0 ? 'OK' : describe(status)}`);
  }
}

async function listAll(node) {
  let pageToken = '';
  do {
    const page =
        await node.call('List', {collection: PEOPLE, page_size: 2, page_token: pageToken});
    for (const document of page.documents) {
      console.log(`list: ${document.id} ${text(document.winner)}`);
    }
    pageToken = page.next_page_token;
  } while (pageToken);
}

// Two nodes replace the same version: nothing is lost, both stay until somebody decides.
async function conflict(node1, node2) {
  const context = (await node1.get('ada')).winner.version;
  await node1.waitConverged();
  await node1.put('ada', '{"city": "London"}', {context});
  await node2.put('ada', '{"city": "Paris"}', {context});
  await node1.waitConverged();
  const [at1, at2] = [await node1.get('ada'), await node2.get('ada')];
  for (const at of [at1, at2]) {
    const both = [at.winner, ...at.siblings].map(text).sort();
    console.log(`conflict at ${at.served_by}: ${both.join(' and ')}`);
  }
  console.log(`same winner: ${at1.winner.version === at2.winner.version ? 'yes' : 'no'}`);
  return at2;
}

// A resolve_context replaces all that it was read with.
async function resolve(node1, node2, read) {
  const put = await node2.put(
      'ada', '{"city": "London, then Paris"}', {context: read.resolve_context});
  console.log(`resolved by ${put.served_by}, ${put.sibling_count} siblings`);
  await node2.waitConverged();
  const ada = await node1.get('ada');
  console.log(`get at ${ada.served_by}: ${text(ada.winner)}, ${ada.sibling_count} siblings`);
}

async function deleteAll(node) {
  for (const id of ['ada', 'bob', 'cleo']) await node.call('Delete', {collection: PEOPLE, id});
  await refused('get after delete', node.get('ada'));
}

async function main(address1, address2) {
  const [node1, node2] = [new Node(address1), new Node(address2)];
  const ada = await writeAndRead(node1);
  await guards(node1, ada);
  await errors(node1);
  await bulk(node1);
  await listAll(node1);
  await resolve(node1, node2, await conflict(node1, node2));
  await deleteAll(node1);
  node1.close();
  node2.close();
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
