#include "tests/sim/mutant.h"

#include "server/base/mutant.h"

#ifdef DOCSTORE_MUTANTS

#include <cstring>

namespace docstore {
namespace {

const char* chosen = "";

}  // namespace

bool MutantChosen(const char* name) { return std::strcmp(name, chosen) == 0; }

namespace sim {

const std::vector<Mutant>& Mutants() {
  static const std::vector<Mutant> kMutants = {
      {"skip-fsync", "a commit returns before it is on disk"},
      {"reuse-origin", "a restarted process goes on numbering where its disk ends"},
      {"less-in-cover", "a context does not cover the write it names"},
      {"index-outside-batch", "the dot index is written before the documents, not with them"},
      {"version-as-vector", "a write over one version covers all its origin wrote before"},
      {"mark-superseded", "a replaced write is marked as known without what replaced it"},
  };
  return kMutants;
}

bool ChooseMutant(const std::string& name) {
  if (name.empty()) {
    chosen = "";
    return true;
  }
  for (const Mutant& mutant : Mutants()) {
    if (name != mutant.name) continue;
    chosen = mutant.name;
    return true;
  }
  return false;
}

}  // namespace sim
}  // namespace docstore

#else

namespace docstore::sim {

const std::vector<Mutant>& Mutants() {
  static const std::vector<Mutant> kNone;
  return kNone;
}

bool ChooseMutant(const std::string& name) { return name.empty(); }

}  // namespace docstore::sim

#endif
