#include "tests/sim/chaos.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace docstore::sim {
namespace {

constexpr int64_t kCommitUs = 4000;
constexpr int64_t kSlowCommitUs = 2 * kSecondUs;
constexpr int64_t kHourMs = 3'600'000;
constexpr uint64_t kPlentyBytes = uint64_t{1} << 40;

}  // namespace

Chaos::Chaos(uint64_t seed, World* world, std::function<void(Machine*)> gone)
    : world_(*world), gone_(std::move(gone)), random_(seed) {
  faults_ = {{"crash", &Chaos::Crash},
             {"crash in commit", &Chaos::CrashInCommit},
             {"failed commit", &Chaos::FailCommit},
             {"blackout", &Chaos::Blackout},
             {"rolling restart", &Chaos::RollingRestart},
             {"cut", &Chaos::Cut},
             {"isolation", &Chaos::Isolate},
             {"split", &Chaos::Split},
             {"one-way cut", &Chaos::OneWay},
             {"stall", &Chaos::Stall},
             {"lost stream", &Chaos::KillStream},
             {"slow link", &Chaos::SlowLink},
             {"pause", &Chaos::Pause},
             {"slow disk", &Chaos::SlowDisk},
             {"hanging disk", &Chaos::HangDisk},
             {"full disk", &Chaos::FullDisk},
             {"clock jump", &Chaos::JumpClock},
             {"clock drift", &Chaos::DriftClock},
             {"old image", &Chaos::RestoreImage},
             {"lost disk", &Chaos::LoseDisk},
             {"clone", &Chaos::Clone}};
  for (Fault& fault : faults_) fault.weight = random_.Chance(50) ? 0 : 1 + random_.Below(10);
  // These take data or trust away: seldom, so that there is something to take.
  for (size_t i = faults_.size() - 3; i < faults_.size(); ++i) {
    faults_[i].weight = random_.Chance(70) ? 0 : 1;
  }
  constexpr int64_t kIntervals[] = {200'000, 1'000'000, 4'000'000};
  mean_interval_us_ = kIntervals[random_.Below(3)];
  world_.on_ended = [this](Machine* machine, const absl::Status& why) { OnEnded(machine, why); };
}

void Chaos::Start(bool faults) {
  const bool at_once = !faults || random_.Chance(50);
  for (int i = 0; i < world_.size(); ++i) {
    Machine* const machine = &world_.machine(i);
    if (faults && random_.Chance(40)) {
      machine->clock().Jump(static_cast<int64_t>(random_.Below(1000)) - 500);
    }
    if (at_once) {
      Start(machine);
    } else {
      StartLater(machine, 10 * kSecondUs);
    }
  }
  if (!faults) return;
  if (random_.Chance(30)) world_.network().SetDuplicates(random_.Below(30));
  if (random_.Chance(30)) world_.network().SetUnknownFields(true);
  SaveImages();
  Schedule();
}

void Chaos::SaveImages() {
  After(1 + static_cast<int64_t>(random_.Below(20 * kSecondUs)), [this] {
    Any().SaveImage();
    SaveImages();
  });
}

void Chaos::Stop() {
  stopped_ = true;
  for (const auto& clone : world_.clones()) {
    if (clone->running()) clone->Kill();
  }
  world_.network().HealAll();
  world_.network().SetDuplicates(0);
  for (int i = 0; i < world_.size(); ++i) {
    Machine& machine = world_.machine(i);
    machine.SetCommitFault(Machine::CommitFault::kNone);
    for (int j = 0; j < world_.size(); ++j) {
      world_.network().SetSpeed(machine.address(), world_.machine(j).address(), {});
    }
    if (!machine.running()) {
      Start(&machine);
      continue;
    }
    machine.SetPaused(false);
    machine.process().SetDiskPaused(false);
    machine.process().SetCommitLatency(kCommitUs);
    machine.process().SetFreeDisk(kPlentyBytes);
  }
  world_.trace().Say("all is healed");
}

std::string Chaos::Describe() const {
  std::string text;
  for (const Fault& fault : faults_) {
    if (fault.count > 0) {
      absl::StrAppend(&text, text.empty() ? "" : ", ", fault.name, " ", fault.count);
    }
  }
  return text;
}

void Chaos::After(int64_t delay_us, std::function<void()> task) {
  world_.time().After(delay_us, [this, task = std::move(task)] {
    if (!stopped_) task();
  });
}

void Chaos::Schedule() {
  After(static_cast<int64_t>(random_.Below(2 * mean_interval_us_)), [this] {
    Strike();
    Schedule();
  });
}

void Chaos::Strike() {
  uint64_t sum = 0;
  for (const Fault& fault : faults_) sum += fault.weight;
  if (sum == 0) return;
  uint64_t drawn = random_.Below(sum);
  for (Fault& fault : faults_) {
    if (drawn >= fault.weight) {
      drawn -= fault.weight;
      continue;
    }
    ++fault.count;
    (this->*fault.strike)();
    return;
  }
}

Machine& Chaos::Any() { return world_.machine(static_cast<int>(random_.Below(world_.size()))); }

Machine& Chaos::AnyBut(const Machine& machine) {
  if (world_.size() == 1) return world_.machine(0);
  const int step = 1 + static_cast<int>(random_.Below(world_.size() - 1));
  return world_.machine((machine.index() + step) % world_.size());
}

// Mostly short, now and then all of it.
int64_t Chaos::Duration(int64_t us_max) {
  return static_cast<int64_t>(random_.Below(random_.Chance(70) ? us_max / 10 : us_max)) + 1;
}

void Chaos::Start(Machine* machine) {
  if (machine->running()) return;
  world_.trace().Say(absl::StrCat(machine->name(), " starts"));
  machine->Start();
}

void Chaos::StartLater(Machine* machine, int64_t us_max) {
  After(Duration(us_max), [this, machine] { Start(machine); });
}

void Chaos::Kill(Machine* machine) {
  world_.trace().Say(absl::StrCat(machine->name(), " crashes"));
  machine->Kill();
  gone_(machine);
}

void Chaos::OnEnded(Machine* machine, const absl::Status& why) {
  if (machine->index() < world_.size()) gone_(machine);
  // Of two processes on copies of one disk the later one must end, whichever that is.
  const bool twin = absl::IsAlreadyExists(why) && !world_.clones().empty();
  if (!why.ok() && !absl::IsUnavailable(why) && !twin) {
    world_.trace().Fail(absl::StrCat(machine->name(), " gave up: ", why.ToString()));
  }
  if (machine->index() < world_.size()) StartLater(machine, 20 * kSecondUs);
}

void Chaos::Crash() {
  Machine& machine = Any();
  if (!machine.running()) return;
  Kill(&machine);
  StartLater(&machine, 20 * kSecondUs);
}

void Chaos::CrashInCommit() {
  Any().SetCommitFault(random_.Chance(50) ? Machine::CommitFault::kLost
                                          : Machine::CommitFault::kKept);
}

void Chaos::FailCommit() { Any().SetCommitFault(Machine::CommitFault::kError); }

void Chaos::Blackout() {
  for (int i = 0; i < world_.size(); ++i) {
    if (!world_.machine(i).running()) continue;
    Kill(&world_.machine(i));
    StartLater(&world_.machine(i), 5 * kSecondUs);
  }
}

void Chaos::RollingRestart() {
  const int64_t step_us = Duration(3 * kSecondUs);
  for (int i = 0; i < world_.size(); ++i) {
    After(step_us * i, [this, machine = &world_.machine(i)] {
      if (!machine->running()) return;
      Kill(machine);
      Start(machine);
    });
  }
}

void Chaos::Cut() {
  const std::string a = Any().address();
  const std::string b = AnyBut(*world_.Find(a.substr(0, a.find(':')))).address();
  world_.network().Cut(a, b);
  After(Duration(60 * kSecondUs), [this, a, b] { world_.network().Heal(a, b); });
}

void Chaos::Isolate() {
  const Machine& machine = Any();
  const int64_t duration_us = Duration(60 * kSecondUs);
  for (int i = 0; i < world_.size(); ++i) {
    if (i == machine.index()) continue;
    const std::string a = machine.address();
    const std::string b = world_.machine(i).address();
    world_.network().Cut(a, b);
    After(duration_us, [this, a, b] { world_.network().Heal(a, b); });
  }
}

void Chaos::Split() {
  const uint64_t sides = 2 + random_.Below(2);
  std::vector<uint64_t> side;
  for (int i = 0; i < world_.size(); ++i) side.push_back(random_.Below(sides));
  const int64_t duration_us = Duration(60 * kSecondUs);
  for (int i = 0; i < world_.size(); ++i) {
    for (int j = 0; j < i; ++j) {
      if (side[i] == side[j]) continue;
      const std::string a = world_.machine(i).address();
      const std::string b = world_.machine(j).address();
      world_.network().Cut(a, b);
      After(duration_us, [this, a, b] { world_.network().Heal(a, b); });
    }
  }
}

void Chaos::OneWay() {
  const Machine& from = Any();
  const std::string a = from.address();
  const std::string b = AnyBut(from).address();
  world_.network().StallOneWay(a, b);
  After(Duration(40 * kSecondUs), [this, a, b] { world_.network().Heal(a, b); });
}

void Chaos::Stall() {
  const Machine& from = Any();
  const std::string a = from.address();
  const std::string b = AnyBut(from).address();
  world_.network().Stall(a, b);
  After(Duration(40 * kSecondUs), [this, a, b] { world_.network().Heal(a, b); });
}

void Chaos::KillStream() { world_.network().KillAfterFrames(1 + random_.Below(30)); }

void Chaos::SlowLink() {
  const Machine& from = Any();
  const std::string a = from.address();
  const std::string b = AnyBut(from).address();
  world_.network().SetSpeed(a, b,
                            {.latency_us_min = 50,
                             .latency_us_max = 100 + static_cast<int64_t>(random_.Below(500'000)),
                             .bytes_per_ms = 1 + random_.Below(random_.Chance(50) ? 20 : 2000)});
  After(Duration(60 * kSecondUs), [this, a, b] { world_.network().SetSpeed(a, b, {}); });
}

void Chaos::Pause() {
  Machine* const machine = &Any();
  if (!machine->running()) return;
  machine->SetPaused(true);
  After(Duration(60 * kSecondUs), [machine] {
    if (machine->running()) machine->SetPaused(false);
  });
}

void Chaos::SlowDisk() {
  Machine* const machine = &Any();
  if (!machine->running()) return;
  machine->process().SetCommitLatency(kSlowCommitUs);
  After(Duration(20 * kSecondUs), [machine] {
    if (machine->running()) machine->process().SetCommitLatency(kCommitUs);
  });
}

void Chaos::HangDisk() {
  Machine* const machine = &Any();
  if (!machine->running()) return;
  machine->process().SetDiskPaused(true);
  After(Duration(20 * kSecondUs), [machine] {
    if (machine->running()) machine->process().SetDiskPaused(false);
  });
}

void Chaos::FullDisk() {
  Machine* const machine = &Any();
  if (!machine->running()) return;
  machine->process().SetFreeDisk(0);
  After(Duration(30 * kSecondUs), [machine] {
    if (machine->running()) machine->process().SetFreeDisk(kPlentyBytes);
  });
}

void Chaos::JumpClock() {
  const int64_t range_ms = random_.Chance(50) ? kHourMs : 2000;
  Any().clock().Jump(static_cast<int64_t>(random_.Below(2 * range_ms)) - range_ms);
}

void Chaos::DriftClock() {
  constexpr int64_t kDrift = 100'000;  // a tenth
  Any().clock().SetDrift(static_cast<int64_t>(random_.Below(2 * kDrift)) - kDrift);
}

void Chaos::ReplaceDisk(void (World::*replace)(Machine*)) {
  Machine& machine = Any();
  if (machine.running()) Kill(&machine);
  (world_.*replace)(&machine);
  world_.trace().Say(absl::StrCat(machine.name(), " has another disk"));
  StartLater(&machine, 20 * kSecondUs);
}

void Chaos::RestoreImage() { ReplaceDisk(&World::RestoreImage); }

void Chaos::LoseDisk() { ReplaceDisk(&World::LoseDisk); }

void Chaos::Clone() {
  constexpr size_t kClonesMax = 20;
  if (world_.clones().size() >= kClonesMax) return;
  Machine& machine = Any();
  world_.trace().Say(absl::StrCat(machine.name(), " is cloned"));
  Machine* const clone = &world_.StartClone(&machine);
  After(Duration(60 * kSecondUs), [clone] {
    if (clone->running()) clone->Kill();
  });
}

}  // namespace docstore::sim
