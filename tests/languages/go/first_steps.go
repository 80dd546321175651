// First steps with docstore from Go, with nothing but gRPC: first_steps NODE1 NODE2.
//
// NODE1 and NODE2 are HOST:PORT of two nodes of one cluster. The stubs are generated from the shipped
// protos; the README has the commands.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"sort"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	pb "docstore/v1"
)

const people = "people"

var background = context.Background()

// Node is the services of one node.
type Node struct {
	documents pb.DocumentServiceClient
	cluster   pb.ClusterServiceClient
}

func connect(address string) Node {
	connection, err := grpc.Dial(address, grpc.WithInsecure())
	check(err)
	return Node{pb.NewDocumentServiceClient(connection), pb.NewClusterServiceClient(connection)}
}

// put takes a condition or nil.
func (node Node) put(id, json string, condition *pb.Condition) (*pb.PutResponse, error) {
	return node.documents.Put(background, &pb.PutRequest{
		Collection: people, Id: id, Json: []byte(json), Condition: condition})
}

func (node Node) get(id string) (*pb.GetResponse, error) {
	return node.documents.Get(background, &pb.GetRequest{
		Collection: people, Id: id, IncludeSiblings: true})
}

// waitConverged returns when everything written so far, at any node, is on every node.
func (node Node) waitConverged() {
	reply, err := node.cluster.WaitConverged(background, &pb.WaitConvergedRequest{TimeoutMs: 30000})
	check(err)
	if !reply.Converged {
		log.Fatal("not converged, behind: ", reply.Behind)
	}
}

func ifVersion(version string) *pb.Condition {
	return &pb.Condition{Condition: &pb.Condition_IfVersion{IfVersion: version}}
}

func inContext(context string) *pb.Condition {
	return &pb.Condition{Condition: &pb.Condition_Context{Context: context}}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func describe(number int32, reason, field string, offset int64) string {
	text := code.Code_name[number] + " " + reason
	if field != "" {
		text += ", field " + field
	}
	if offset >= 0 {
		text += fmt.Sprint(", byte ", offset)
	}
	return text
}

// explain tells what a failed call says: its code, and its google.rpc details out of the trailer
// grpc-status-details-bin, which status.Details reads.
func explain(err error) string {
	reason, field, offset := "", "", int64(-1)
	failed := status.Convert(err)
	for _, detail := range failed.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = detail.Reason
			if text, found := detail.Metadata["offset"]; found {
				offset, _ = strconv.ParseInt(text, 10, 64)
			}
		case *errdetails.BadRequest:
			field = detail.FieldViolations[0].Field
		}
	}
	return describe(int32(failed.Code()), reason, field, offset)
}

func refused(what string, err error) {
	if err == nil {
		log.Fatal(what, ": was not refused")
	}
	fmt.Printf("%s: %s\n", what, explain(err))
}

func writeAndRead(node Node) *pb.GetResponse {
	put, err := node.put("ada", `{"born": 1815}`, nil)
	check(err)
	fmt.Printf("put: %s by %s\n", put.Id, put.ServedBy)
	ada, err := node.get("ada")
	check(err)
	fmt.Printf("get: %s, %d siblings\n", ada.Winner.Json, ada.SiblingCount)
	return ada
}

// Read, change, write: only if nobody wrote in between.
func guards(node Node, ada *pb.GetResponse) {
	asRead := ifVersion(ada.Winner.Version)
	put, err := node.put("ada", `{"born": 1815, "field": "computing"}`, asRead)
	check(err)
	fmt.Printf("if_version as read: %s by %s\n", put.Id, put.ServedBy)
	_, err = node.put("ada", "{}", asRead)
	refused("if_version again", err)
	_, err = node.put("ada", "{}", &pb.Condition{Condition: &pb.Condition_IfAbsent{IfAbsent: true}})
	refused("if_absent", err)
}

func errors(node Node) {
	_, err := node.get("nobody")
	refused("no such document", err)
	_, err = node.put("bob", `{"born": }`, nil)
	refused("broken JSON", err)
	_, err = node.documents.Get(background, &pb.GetRequest{Collection: "no/name", Id: "bob"})
	refused("bad name", err)
	_, err = node.put("bob", "{}", inContext("forged"))
	refused("forged context", err)
}

// A failing item leaves the others alone; the last message says how many items there were.
func bulk(node Node) {
	stream, err := node.documents.BulkWrite(background)
	check(err)
	items := []*pb.PutRequest{
		{Collection: people, Id: "bob", Json: []byte(`{"born": 1906}`)},
		{Collection: people, Id: "eve", Json: []byte(`{"born": }`)},
		{Collection: people, Id: "cleo", Json: []byte(`{"born": -69}`)},
	}
	for _, put := range items {
		item := &pb.BulkItem{Operation: &pb.BulkItem_Put{Put: put}}
		check(stream.Send(&pb.BulkWriteRequest{Part: &pb.BulkWriteRequest_Item{Item: item}}))
	}
	end := &pb.BulkWriteRequest_End{End: uint64(len(items))}
	check(stream.Send(&pb.BulkWriteRequest{Part: end}))
	check(stream.CloseSend())
	var results []*pb.BulkResult
	for {
		reply, err := stream.Recv()
		if err == io.EOF {
			break
		}
		check(err)
		results = append(results, reply.Results...)
	}
	sort.Slice(results, func(i, j int) bool { return results[i].Index < results[j].Index })
	for _, result := range results {
		outcome, s := "OK", result.Status
		if s.Code != 0 {
			outcome = describe(s.Code, s.Reason, s.Field, s.Offset)
		}
		fmt.Printf("bulk item %d: %s\n", result.Index, outcome)
	}
}

func listAll(node Node) {
	request := &pb.ListRequest{Collection: people, PageSize: 2}
	for {
		page, err := node.documents.List(background, request)
		check(err)
		for _, document := range page.Documents {
			fmt.Printf("list: %s %s\n", document.Id, document.Winner.Json)
		}
		if page.NextPageToken == "" {
			return
		}
		request.PageToken = page.NextPageToken
	}
}

// Two nodes replace the same version: nothing is lost, both stay until somebody decides.
func conflict(node1, node2 Node) *pb.GetResponse {
	ada, err := node1.get("ada")
	check(err)
	node1.waitConverged()
	_, err = node1.put("ada", `{"city": "London"}`, inContext(ada.Winner.Version))
	check(err)
	_, err = node2.put("ada", `{"city": "Paris"}`, inContext(ada.Winner.Version))
	check(err)
	node1.waitConverged()
	at1, err := node1.get("ada")
	check(err)
	at2, err := node2.get("ada")
	check(err)
	for _, at := range []*pb.GetResponse{at1, at2} {
		var both []string
		for _, version := range append(at.Siblings, at.Winner) {
			both = append(both, string(version.Json))
		}
		sort.Strings(both)
		fmt.Printf("conflict at %s: %s\n", at.ServedBy, strings.Join(both, " and "))
	}
	same := map[bool]string{true: "yes", false: "no"}[at1.Winner.Version == at2.Winner.Version]
	fmt.Println("same winner:", same)
	return at2
}

// A resolve_context replaces all that it was read with.
func resolve(node1, node2 Node, read *pb.GetResponse) {
	put, err := node2.put("ada", `{"city": "London, then Paris"}`, inContext(read.ResolveContext))
	check(err)
	fmt.Printf("resolved by %s, %d siblings\n", put.ServedBy, put.SiblingCount)
	node2.waitConverged()
	ada, err := node1.get("ada")
	check(err)
	fmt.Printf("get at %s: %s, %d siblings\n", ada.ServedBy, ada.Winner.Json, ada.SiblingCount)
}

func deleteAll(node Node) {
	for _, id := range []string{"ada", "bob", "cleo"} {
		_, err := node.documents.Delete(background, &pb.DeleteRequest{Collection: people, Id: id})
		check(err)
	}
	_, err := node.get("ada")
	refused("get after delete", err)
}

func main() {
	node1, node2 := connect(os.Args[1]), connect(os.Args[2])
	ada := writeAndRead(node1)
	guards(node1, ada)
	errors(node1)
	bulk(node1)
	listAll(node1)
	resolve(node1, node2, conflict(node1, node2))
	deleteAll(node1)
}
