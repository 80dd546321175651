#include "tests/sim/workload.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/hash.h"
#include "server/node/view.h"

namespace docstore::sim {
namespace {

// Old reads that clients still remember, per document.
constexpr size_t kRememberedMax = 16;
constexpr uint64_t kLargeBytesMax = 300'000;
constexpr int64_t kWaitMs = 500;

template <typename T>
void Remember(T token, node::VirtualRandom* random, std::vector<T>* tokens) {
  if (tokens->size() < kRememberedMax) {
    tokens->push_back(std::move(token));
  } else {
    // The last is always the newest.
    std::swap((*tokens)[random->Below(kRememberedMax)], tokens->back());
    tokens->back() = std::move(token);
  }
}

}  // namespace

Workload::Workload(uint64_t seed, int operations, World* world, Intents* intents)
    : world_(*world), intents_(*intents), random_(seed), left_(operations) {
  constexpr int64_t kIntervals[] = {3'000, 10'000, 30'000, 100'000};
  constexpr uint64_t kKeys[] = {2, 12, 60, 400};
  mean_interval_us_ = kIntervals[random_.Below(4)];
  keys_ = kKeys[random_.Below(4)];
  hot_percent_ = random_.Below(80);
  read_percent_ = 10 + random_.Below(50);
  delete_percent_ = random_.Chance(30) ? 0 : random_.Below(50);
  stale_percent_ = random_.Chance(30) ? 0 : random_.Below(40);
  large_per_mille_ = random_.Chance(90) ? 0 : random_.Below(150);
  burst_percent_ = random_.Chance(50) ? 0 : random_.Below(10);
  for (uint64_t& weight : guard_weights_) weight = random_.Chance(30) ? 0 : random_.Below(10);
  guard_weights_[static_cast<int>(core::Guard::kNone)] += 2;
}

void Workload::Start() { Schedule(); }

void Workload::Schedule() {
  const int64_t delay_us = static_cast<int64_t>(random_.Below(2 * mean_interval_us_));
  world_.time().After(delay_us, [this] {
    const int burst = random_.Chance(burst_percent_) ? 20 : 1;
    for (int i = 0; i < burst && left_ > 0; ++i) {
      --left_;
      Act();
    }
    if (left_ > 0) Schedule();
  });
}

core::DocumentKey Workload::AnyKey() {
  const uint64_t number = random_.Chance(hot_percent_) ? random_.Below(2) : random_.Below(keys_);
  return {number % 7 == 3 ? "other" : "c", absl::StrCat("k", number)};
}

void Workload::Act() {
  Machine& machine = world_.machine(static_cast<int>(random_.Below(world_.size())));
  const core::DocumentKey key = AnyKey();
  const bool read = random_.Chance(read_percent_);
  if (!machine.running() || machine.paused() || !machine.node().ready()) {
    ++counts_.unserved;
  } else if (read) {
    Read(&machine, key);
  } else {
    Write(&machine, key);
  }
}

void Workload::Read(Machine* machine, const core::DocumentKey& key) {
  ++counts_.reads;
  const core::Document document = world_.Read(machine, key);
  const int64_t now_us = world_.time().now_us();
  bool stale = false;
  for (const core::Dot& dot : world_.oracle().Current(key)) {
    const sim::Write& write = *world_.oracle().Find(dot);
    if (write.acknowledged_us < 0 || machine->stored().clock.Contains(dot)) continue;
    stale = true;
    counts_.staleness_us_max = std::max(counts_.staleness_us_max, now_us - write.acknowledged_us);
  }
  counts_.stale_reads += stale;
  Memory& memory = memories_[key];
  Remember(core::ResolveTokenOf(document), &random_, &memory.resolve);
  if (const core::Version* const winner = document.winner()) {
    Remember(core::VersionToken{.dot = winner->dot, .hlc = winner->hlc}, &random_, &memory.version);
  }
}

std::string Workload::MakeBody() {
  std::string body = absl::StrCat("{\"n\":", ++bodies_, "}");
  if (random_.Below(1000) < large_per_mille_) body.append(random_.Below(kLargeBytesMax), ' ');
  return body;
}

void Workload::Guard(const core::DocumentKey& key, core::ClientWrite* write) {
  uint64_t sum = 0;
  for (const uint64_t weight : guard_weights_) sum += weight;
  uint64_t drawn = random_.Below(sum);
  int guard = 0;
  while (drawn >= guard_weights_[guard]) drawn -= guard_weights_[guard++];
  write->guard = static_cast<core::Guard>(guard);
  if (write->deleted && write->guard == core::Guard::kIfAbsent) write->guard = core::Guard::kNone;
  if (write->guard != core::Guard::kIfVersion && write->guard != core::Guard::kContext) return;
  const Memory& memory = memories_[key];
  const bool by_version = random_.Chance(50);
  const bool stale = random_.Chance(stale_percent_);
  const auto pick = [&](const auto& tokens) {
    return stale ? tokens[random_.Below(tokens.size())] : tokens.back();
  };
  if (by_version && !memory.version.empty()) {
    write->token = pick(memory.version);
  } else if (!memory.resolve.empty()) {
    write->token = pick(memory.resolve);
  } else {
    write->guard = core::Guard::kNone;
  }
}

void Workload::Write(Machine* machine, const core::DocumentKey& key) {
  core::ClientWrite write{.key = key, .deleted = random_.Chance(delete_percent_)};
  Guard(key, &write);
  write.wait_until_ms = machine->clock().MonotonicUs() / 1000 + kWaitMs;
  if (!write.deleted) {
    std::string body = MakeBody();
    write.hash = HashBytes128(body);
    write.body = std::make_shared<const std::string>(std::move(body));
  }
  if (!intents_.Add(machine->name(), key,
                    {.deleted = write.deleted,
                     .hash = write.hash,
                     .guard = write.guard,
                     .token = write.token})) {
    return;
  }
  world_.trace().Add(3, [&] {
    return absl::StrCat("client ", write.deleted ? "deletes " : "puts ", key.id, " at ",
                        machine->name(), " guard ", static_cast<int>(write.guard), " ",
                        write.body == nullptr || write.body->size() > 50 ? "" : *write.body);
  });
  const Hash128 hash = write.hash;
  machine->node().Write(std::move(write), [this, machine, key, hash](const auto& answer) {
    OnAnswer(machine, key, hash, answer);
  });
}

void Workload::OnAnswer(Machine* machine, const core::DocumentKey& key, const Hash128& hash,
                        const absl::StatusOr<core::WriteResult>& answer) {
  intents_.Remove(machine->name(), key, hash);
  if (!answer.ok()) {
    ++counts_.unserved;
    return;
  }
  world_.trace().Add(100 + static_cast<uint64_t>(answer->verdict), [&] {
    return absl::StrCat("client hears of ", key.id, " from ", machine->name(), ": verdict ",
                        static_cast<int>(answer->verdict), " ",
                        core::ToString(answer->version.dot));
  });
  if (answer->verdict != core::WriteVerdict::kApplied) {
    ++counts_.refused;
    return;
  }
  sim::Write* const write = world_.oracle().Find(answer->version.dot);
  if (write == nullptr || write->key != key) {
    world_.trace().Fail(absl::StrCat(machine->name(), " acknowledged ",
                                     core::ToString(answer->version.dot),
                                     " before it was durable"));
    return;
  }
  ++counts_.acknowledged;
  write->acknowledged_us = world_.time().now_us();
}

}  // namespace docstore::sim
