// Chaos: the faults of a run, drawn from the seed.
//
// Each seed draws which kinds of fault it has, how often each comes and how long it lasts (swarm
// testing: a bug that needs one kind of fault undisturbed by another gets its seed). Stop ends all
// of them and brings everything back. Not thread-safe.

#ifndef DOCSTORE_TESTS_SIM_CHAOS_H_
#define DOCSTORE_TESTS_SIM_CHAOS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/node/virtual_time.h"
#include "tests/sim/world.h"

namespace docstore::sim {

class Chaos {
 public:
  // `world` must outlive it. `gone` hears of each process that ended.
  Chaos(uint64_t seed, World* world, std::function<void(Machine*)> gone);

  // Starts the machines, all at once or one by one, and from then on breaks things.
  void Start(bool faults);
  // Heals everything and starts what is off.
  void Stop();
  // "crash 7, cut 3": what happened how often.
  std::string Describe() const;

 private:
  // One kind of fault.
  struct Fault {
    const char* name;
    void (Chaos::*strike)();
    uint64_t weight = 0;
    uint64_t count = 0;
  };

  void Schedule();
  void Strike();
  // Now and then, for RestoreImage.
  void SaveImages();
  Machine& Any();
  // Another machine than `machine`, if there is one.
  Machine& AnyBut(const Machine& machine);
  int64_t Duration(int64_t us_max);
  // Later, unless everything has been healed by then.
  void After(int64_t delay_us, std::function<void()> task);
  void Kill(Machine* machine);
  void StartLater(Machine* machine, int64_t us_max);
  void Start(Machine* machine);
  // Takes disks away: writes that are on no other are gone.
  void ReplaceDisk(void (World::*replace)(Machine*));
  void OnEnded(Machine* machine, const absl::Status& why);

  void Crash();
  void CrashInCommit();
  void FailCommit();
  void Blackout();
  void RollingRestart();
  void Cut();
  void Isolate();
  void Split();
  void OneWay();
  void Stall();
  void KillStream();
  void SlowLink();
  void Pause();
  void SlowDisk();
  void HangDisk();
  void FullDisk();
  void JumpClock();
  void DriftClock();
  // A machine that was off for a while comes back with an old image of its disk, or an empty disk.
  void RestoreImage();
  void LoseDisk();
  // A copy of a machine runs beside it for a while.
  void Clone();

  World& world_;
  const std::function<void(Machine*)> gone_;
  node::VirtualRandom random_;
  std::vector<Fault> faults_;
  int64_t mean_interval_us_;
  bool stopped_ = false;
};

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_CHAOS_H_
