// Calls: what the benchmark asks of each server, as StartCall for the closed loop of load.h.
//
// All use gRPC's callback API over the same number of channels. Documents have 400 bytes, keys are
// drawn from 100 000 in a fixed order.

#ifndef DOCSTORE_TESTS_BENCH_CALLS_H_
#define DOCSTORE_TESTS_BENCH_CALLS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load.h"

namespace docstore::bench {

inline constexpr int kChannels = 4;  // to each address
inline constexpr int kDocumentBytes = 400;
inline constexpr uint64_t kKeys = 100'000;

// What goes over the wire in a put or get beside the document: collection, id, version, node name.
inline constexpr size_t kKeyBytes = 20;
inline constexpr size_t kReplyBytes = 100;

std::string KeyOf(uint64_t index);
// JSON of kDocumentBytes.
std::string DocumentOf(uint64_t index);

// Servers behind one kind of stub; calls go round robin over addresses and channels.
class DocumentCalls {
 public:
  explicit DocumentCalls(const std::vector<std::string>& addresses);
  ~DocumentCalls();
  StartCall Put();
  // A key that no put has reached yet is answered as fast, and is no failure.
  StartCall Get();

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

class EchoCalls {
 public:
  explicit EchoCalls(const std::string& address);
  ~EchoCalls();
  StartCall Echo(size_t request_bytes, uint32_t answer_bytes);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

class EtcdCalls {
 public:
  explicit EtcdCalls(const std::vector<std::string>& addresses);
  ~EtcdCalls();
  StartCall Put();

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace docstore::bench

#endif  // DOCSTORE_TESTS_BENCH_CALLS_H_
