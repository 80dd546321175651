// Settings: every configuration key of docstored with its value as text and where that came from.
//
// Each key is a flag `--key-name`, an environment variable DOCSTORE_KEY_NAME and a key `key-name`
// of the TOML file that `config` names. Flag beats environment beats file beats default. A flag or
// a key of the file that is not known is an error; an environment variable that is not known is
// none, because the shell has its own DOCSTORE_ variables and container platforms add theirs.

#ifndef DOCSTORE_SERVER_OPTIONS_SETTINGS_H_
#define DOCSTORE_SERVER_OPTIONS_SETTINGS_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace docstore::options {

// How the values of a key are written in the file.
enum class Kind { kText, kNumber, kSwitch, kList };

struct Key {
  const char* name;  // as the flag, without dashes
  Kind kind;
  const char* default_value;
  const char* value_name;  // in --help
  const char* help;
};

// All keys, in the order of --help and --print-config.
const std::vector<Key>& Keys();

struct Setting {
  std::string value;   // a switch is "true" or "false", a list is joined with commas
  std::string source;  // "flag", "environment DOCSTORE_NAME", "node.toml:3" or "default"
};

struct CommandLine {
  std::map<std::string, Setting> settings;  // by key name; every key of Keys() is there
  bool print_config = false;
  bool print_version = false;
  std::string help;  // not empty: print it and end
};

// Value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// `arguments`: without the program's name. INVALID_ARGUMENT names the flag, variable or file and
// line at fault and says what to do; NOT_FOUND when the file cannot be read.
absl::StatusOr<CommandLine> ReadSettings(const std::vector<std::string>& arguments,
                                         const Environment& environment);

}  // namespace docstore::options

#endif  // DOCSTORE_SERVER_OPTIONS_SETTINGS_H_
