#include "client/demo/sample_data.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace docstore::client::demo {
namespace {

struct Sample {
  const char* collection;
  const char* id;
  const char* json;
};

constexpr Sample kSamples[] = {
    {"people", "ada", R"({"name":"Ada Lovelace","born":1815,"field":"mathematics"})"},
    {"people", "alan", R"({"name":"Alan Turing","born":1912,"field":"computing"})"},
    {"people", "barbara", R"({"name":"Barbara Liskov","born":1939,"field":"computing"})"},
    {"people", "edsger", R"({"name":"Edsger Dijkstra","born":1930,"field":"computing"})"},
    {"people", "emmy", R"({"name":"Emmy Noether","born":1882,"field":"mathematics"})"},
    {"people", "grace", R"({"name":"Grace Hopper","born":1906,"field":"computing"})"},
    {"people", "leslie", R"({"name":"Leslie Lamport","born":1941,"field":"computing"})"},
    {"stock", "beans", R"({"name":"Espresso beans","kilos":40,"price":18.5})"},
    {"stock", "cups", R"({"name":"Cups","pieces":600,"price":0.85})"},
    {"stock", "filters", R"({"name":"Paper filters","pieces":2500,"price":0.04})"},
    {"stock", "milk", R"({"name":"Milk","litres":120,"price":1.19})"},
    {"stock", "sugar", R"({"name":"Sugar","kilos":25,"price":1.49})"},
};

}  // namespace

std::vector<BulkItem> SampleDocuments() {
  std::vector<BulkItem> items;
  for (const Sample& sample : kSamples) {
    items.push_back({.collection = sample.collection, .id = sample.id, .json = sample.json});
  }
  return items;
}

BulkItem LoadDocument(uint64_t number) {
  return {.collection = "load",
          .id = absl::StrFormat("%07d", number),
          .json = absl::StrCat(R"({"number":)", number, R"(,"square":)", number * number, "}")};
}

}  // namespace docstore::client::demo
