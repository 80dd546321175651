// The mutants of the code under test: bugs that somebody might well write, each of which the
// simulator must catch. server/base/mutant.h says how they get into a binary, and into which.

#ifndef DOCSTORE_TESTS_SIM_MUTANT_H_
#define DOCSTORE_TESTS_SIM_MUTANT_H_

#include <string>
#include <vector>

namespace docstore::sim {

struct Mutant {
  const char* name;
  const char* bug;
};

// All of them; none in a binary without mutants.
const std::vector<Mutant>& Mutants();
// Lets that mutant loose in this process; "" is none. False when there is none of that name.
bool ChooseMutant(const std::string& name);

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_MUTANT_H_
