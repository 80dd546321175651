// What a client may send as a document: any bytes are refused at one of them, or give a body that
// is a document again and comes back as it is; simdjson, told to read all of it, agrees.

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "server/base/check.h"
#include "server/query/input_error.h"
#include "server/query/json.h"

namespace {

constexpr docstore::query::JsonLimits kLimits = {.bytes_max = 1 << 20};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using docstore::query::CheckDocument;
  using docstore::query::CheckedDocument;
  const std::string json(reinterpret_cast<const char*>(data), size);
  const auto result = CheckDocument(json, "", kLimits);
  if (const auto* error = std::get_if<docstore::query::InputError>(&result)) {
    CHECK(error->offset <= size && !error->message.empty());
    return 0;
  }
  const std::string body = std::get<CheckedDocument>(result).Body(json);
  const auto again = CheckDocument(body, "id", kLimits);
  CHECK(std::holds_alternative<CheckedDocument>(again));
  CHECK(std::get<CheckedDocument>(again).Body(body) == body);
  // The one thing that its DOM refuses and we keep is an integer above 64 bits.
  simdjson::dom::parser parser;
  const simdjson::error_code code = parser.parse(json).error();
  CHECK(code == simdjson::SUCCESS || code == simdjson::NUMBER_ERROR);
  return 0;
}
