import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import docstore.v1.Cluster.WaitConvergedRequest;
import docstore.v1.Cluster.WaitConvergedResponse;
import docstore.v1.ClusterServiceGrpc;
import docstore.v1.Document.*;
import docstore.v1.DocumentServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * First steps with docstore from Java, with nothing but gRPC: FirstSteps NODE1 NODE2.
 *
 * <p>NODE1 and NODE2 are HOST:PORT of two nodes of one cluster. The stubs are generated from the
 * shipped protos; the README has the commands.
 */
public class FirstSteps {
  private static final String PEOPLE = "people";
  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  /** The services of one node. */
  private static class Node {
    final ManagedChannel channel;
    final DocumentServiceGrpc.DocumentServiceBlockingStub documents;

    Node(String address) {
      channel = NettyChannelBuilder.forTarget(address).usePlaintext().build();
      documents = DocumentServiceGrpc.newBlockingStub(channel);
    }

    PutResponse put(String id, String json, Condition.Builder condition) {
      return documents.put(putRequest(id, json).setCondition(condition).build());
    }

    GetResponse get(String id) {
      return documents.get(
          GetRequest.newBuilder()
              .setCollection(PEOPLE)
              .setId(id)
              .setIncludeSiblings(true)
              .build());
    }

    /** Everything written so far, at any node, is on every node afterwards. */
    void waitConverged() {
      WaitConvergedResponse reply =
          ClusterServiceGrpc.newBlockingStub(channel)
              .waitConverged(WaitConvergedRequest.newBuilder().setTimeoutMs(30_000).build());
      if (!reply.getConverged()) {
        throw new IllegalStateException("not converged, behind: " + reply.getBehindList());
      }
    }
  }

  static PutRequest.Builder putRequest(String id, String json) {
    return PutRequest.newBuilder()
        .setCollection(PEOPLE)
        .setId(id)
        .setJson(ByteString.copyFromUtf8(json));
  }

  static Condition.Builder unconditionally() {
    return Condition.newBuilder();
  }

  static Condition.Builder ifVersion(String version) {
    return Condition.newBuilder().setIfVersion(version);
  }

  static Condition.Builder inContext(String context) {
    return Condition.newBuilder().setContext(context);
  }

  static String describe(int code, String reason, String field, long offset) {
    return Status.fromCodeValue(code).getCode()
        + " "
        + reason
        + (field.isEmpty() ? "" : ", field " + field)
        + (offset >= 0 ? ", byte " + offset : "");
  }

  /** What a failed call says: its code, and its google.rpc details out of the trailer. */
  static String explain(StatusRuntimeException error) throws InvalidProtocolBufferException {
    String reason = "";
    String field = "";
    long offset = -1;
    byte[] details = error.getTrailers().get(DETAILS);
    for (Any detail : com.google.rpc.Status.parseFrom(details).getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        ErrorInfo info = detail.unpack(ErrorInfo.class);
        reason = info.getReason();
        offset = Long.parseLong(info.getMetadataOrDefault("offset", "-1"));
      } else if (detail.is(BadRequest.class)) {
        field = detail.unpack(BadRequest.class).getFieldViolations(0).getField();
      }
    }
    return describe(error.getStatus().getCode().value(), reason, field, offset);
  }

  static void refused(String what, Runnable call) throws InvalidProtocolBufferException {
    try {
      call.run();
    } catch (StatusRuntimeException error) {
      System.out.println(what + ": " + explain(error));
      return;
    }
    throw new IllegalStateException(what + ": was not refused");
  }

  static String text(Version version) {
    return version.getJson().toStringUtf8();
  }

  static GetResponse writeAndRead(Node node) {
    PutResponse put = node.put("ada", "{\"born\": 1815}", unconditionally());
    System.out.println("put: " + put.getId() + " by " + put.getServedBy());
    GetResponse ada = node.get("ada");
    System.out.println("get: " + text(ada.getWinner()) + ", " + ada.getSiblingCount() + " siblings");
    return ada;
  }

  /** Read, change, write: only if nobody wrote in between. */
  static void guards(Node node, GetResponse ada) throws InvalidProtocolBufferException {
    Condition.Builder asRead = ifVersion(ada.getWinner().getVersion());
    PutResponse put = node.put("ada", "{\"born\": 1815, \"field\": \"computing\"}", asRead);
    System.out.println("if_version as read: " + put.getId() + " by " + put.getServedBy());
    refused("if_version again", () -> node.put("ada", "{}", asRead));
    refused("if_absent", () -> node.put("ada", "{}", Condition.newBuilder().setIfAbsent(true)));
  }

  static void errors(Node node) throws InvalidProtocolBufferException {
    refused("no such document", () -> node.get("nobody"));
    refused("broken JSON", () -> node.put("bob", "{\"born\": }", unconditionally()));
    GetRequest badName = GetRequest.newBuilder().setCollection("no/name").setId("bob").build();
    refused("bad name", () -> node.documents.get(badName));
    refused("forged context", () -> node.put("bob", "{}", inContext("forged")));
  }

  /** A failing item leaves the others alone; the last message says how many items there were. */
  static void bulk(Node node) {
    List<PutRequest.Builder> puts =
        List.of(
            putRequest("bob", "{\"born\": 1906}"),
            putRequest("eve", "{\"born\": }"),
            putRequest("cleo", "{\"born\": -69}"));
    Results results = new Results();
    StreamObserver<BulkWriteRequest> requests =
        DocumentServiceGrpc.newStub(node.channel).bulkWrite(results);
    for (PutRequest.Builder put : puts) {
      BulkItem.Builder item = BulkItem.newBuilder().setPut(put);
      requests.onNext(BulkWriteRequest.newBuilder().setItem(item).build());
    }
    requests.onNext(BulkWriteRequest.newBuilder().setEnd(puts.size()).build());
    requests.onCompleted();
    for (BulkResult result : results.all.join()) {
      ItemStatus s = result.getStatus();
      String outcome =
          s.getCode() == 0
              ? "OK"
              : describe(s.getCode(), s.getReason(), s.getField(), s.getOffset());
      System.out.println("bulk item " + result.getIndex() + ": " + outcome);
    }
  }

  /** Gathers the results of a bulk stream until it ends. */
  private static class Results implements StreamObserver<BulkWriteResponse> {
    final CompletableFuture<List<BulkResult>> all = new CompletableFuture<>();
    private final List<BulkResult> results = new ArrayList<>();

    @Override
    public void onNext(BulkWriteResponse reply) {
      results.addAll(reply.getResultsList());
    }

    @Override
    public void onError(Throwable error) {
      all.completeExceptionally(error);
    }

    @Override
    public void onCompleted() {
      results.sort(Comparator.comparingLong(BulkResult::getIndex));
      all.complete(results);
    }
  }

  static void listAll(Node node) {
    ListRequest.Builder request = ListRequest.newBuilder().setCollection(PEOPLE).setPageSize(2);
    ListResponse page;
    do {
      page = node.documents.list(request.build());
      for (ListedDocument document : page.getDocumentsList()) {
        System.out.println("list: " + document.getId() + " " + text(document.getWinner()));
      }
      request.setPageToken(page.getNextPageToken());
    } while (!page.getNextPageToken().isEmpty());
  }

  /** Two nodes replace the same version: nothing is lost, both stay until somebody decides. */
  static GetResponse conflict(Node node1, Node node2) {
    String version = node1.get("ada").getWinner().getVersion();
    node1.waitConverged();
    node1.put("ada", "{\"city\": \"London\"}", inContext(version));
    node2.put("ada", "{\"city\": \"Paris\"}", inContext(version));
    node1.waitConverged();
    GetResponse at1 = node1.get("ada");
    GetResponse at2 = node2.get("ada");
    for (GetResponse at : List.of(at1, at2)) {
      String both =
          Stream.concat(Stream.of(at.getWinner()), at.getSiblingsList().stream())
              .map(FirstSteps::text)
              .sorted()
              .collect(Collectors.joining(" and "));
      System.out.println("conflict at " + at.getServedBy() + ": " + both);
    }
    boolean same = at1.getWinner().getVersion().equals(at2.getWinner().getVersion());
    System.out.println("same winner: " + (same ? "yes" : "no"));
    return at2;
  }

  /** A resolve_context replaces all that it was read with. */
  static void resolve(Node node1, Node node2, GetResponse read) {
    String merged = "{\"city\": \"London, then Paris\"}";
    PutResponse put = node2.put("ada", merged, inContext(read.getResolveContext()));
    System.out.println(
        "resolved by " + put.getServedBy() + ", " + put.getSiblingCount() + " siblings");
    node2.waitConverged();
    GetResponse ada = node1.get("ada");
    System.out.printf(
        "get at %s: %s, %d siblings%n",
        ada.getServedBy(), text(ada.getWinner()), ada.getSiblingCount());
  }

  static void deleteAll(Node node) throws InvalidProtocolBufferException {
    for (String id : List.of("ada", "bob", "cleo")) {
      node.documents.delete(DeleteRequest.newBuilder().setCollection(PEOPLE).setId(id).build());
    }
    refused("get after delete", () -> node.get("ada"));
  }

  public static void main(String[] arguments) throws InvalidProtocolBufferException {
    Node node1 = new Node(arguments[0]);
    Node node2 = new Node(arguments[1]);
    GetResponse ada = writeAndRead(node1);
    guards(node1, ada);
    errors(node1);
    bulk(node1);
    listAll(node1);
    resolve(node1, node2, conflict(node1, node2));
    deleteAll(node1);
    node1.channel.shutdown();
    node2.channel.shutdown();
  }
}
