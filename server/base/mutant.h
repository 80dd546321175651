// MUTANT: a bug planted for the simulator, which has to catch it.
//
// `if (MUTANT("skip-fsync")) ...` is dead code in every production target: there the macro is the
// constant false and the name is gone from the binary. Only the sources compiled once more for
// //tests/sim:sim_mutants define DOCSTORE_MUTANTS; that binary's --mutant NAME chooses one. The
// names, and what each breaks, stand in tests/sim/mutant.cc.

#ifndef DOCSTORE_SERVER_BASE_MUTANT_H_
#define DOCSTORE_SERVER_BASE_MUTANT_H_

#ifdef DOCSTORE_MUTANTS

namespace docstore {

// That mutant was chosen. Requires a known name.
bool MutantChosen(const char* name);

}  // namespace docstore

#define MUTANT(name) ::docstore::MutantChosen(name)

#else

#define MUTANT(name) false

#endif

#endif  // DOCSTORE_SERVER_BASE_MUTANT_H_
