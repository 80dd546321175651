#include "server/options/settings.h"

#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "server/base/status_macros.h"

namespace docstore::options {
namespace {

using Settings = std::map<std::string, Setting>;

const Key* FindKey(const std::string& name) {
  for (const Key& key : Keys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string VariableOf(const Key& key) {
  return absl::StrCat("DOCSTORE_",
                      absl::AsciiStrToUpper(absl::StrReplaceAll(key.name, {{"-", "_"}})));
}

absl::StatusOr<std::string> SwitchValue(const std::string& text, const std::string& source) {
  bool value;
  if (!absl::SimpleAtob(text, &value)) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": \"", text, "\" is neither true nor false; give one of them"));
  }
  return value ? "true" : "false";
}

absl::Status ReadEnvironment(const Environment& environment, Settings* settings) {
  for (const Key& key : Keys()) {
    const std::string variable = VariableOf(key);
    std::optional<std::string> value = environment(variable);
    if (!value.has_value()) continue;
    if (key.kind == Kind::kSwitch) {
      ASSIGN_OR_RETURN(value, SwitchValue(*value, absl::StrCat("environment ", variable)));
    }
    (*settings)[key.name] = {*std::move(value), absl::StrCat("environment ", variable)};
  }
  return absl::OkStatus();
}

// The value of `node` as a Setting's text; nothing when its type does not fit.
std::optional<std::string> TextOf(const Key& key, const toml::node& node) {
  switch (key.kind) {
    case Kind::kText:
      return node.value_exact<std::string>();
    case Kind::kNumber: {
      const auto number = node.value_exact<int64_t>();
      return number.has_value() ? std::optional(absl::StrCat(*number)) : std::nullopt;
    }
    case Kind::kSwitch: {
      const auto on = node.value_exact<bool>();
      return on.has_value() ? std::optional(*on ? "true" : "false") : std::nullopt;
    }
    case Kind::kList: {
      if (!node.is_array()) return node.value_exact<std::string>();
      std::vector<std::string> items;
      for (const toml::node& item : *node.as_array()) {
        const auto text = item.value_exact<std::string>();
        if (!text.has_value()) return std::nullopt;
        items.push_back(*text);
      }
      return absl::StrJoin(items, ",");
    }
  }
  return std::nullopt;
}

const char* TypeName(Kind kind) {
  switch (kind) {
    case Kind::kText:
      return "a string in quotes";
    case Kind::kNumber:
      return "a whole number";
    case Kind::kSwitch:
      return "true or false";
    case Kind::kList:
      return "a list of strings";
  }
  return "";
}

absl::Status ReadTable(const toml::table& table, const std::string& path, Settings* settings) {
  for (const auto& [name, node] : table) {
    const std::string place = absl::StrCat(path, ":", name.source().begin.line);
    const Key* key = FindKey(std::string(name.str()));
    if (key == nullptr || key->name == std::string("config")) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, ": unknown key \"", std::string(name.str()),
                       "\"; keys are the names of the flags, see docstored --help"));
    }
    std::optional<std::string> value = TextOf(*key, node);
    if (!value.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, ": ", key->name, " must be ", TypeName(key->kind)));
    }
    (*settings)[key->name] = {*std::move(value), place};
  }
  return absl::OkStatus();
}

absl::Status ReadFile(const std::string& path, Settings* settings) {
  std::ifstream file(path);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::NotFoundError(
        absl::StrCat("the configuration file ", path, " cannot be read; check --config"));
  }
  try {
    return ReadTable(toml::parse(text.str(), path), path, settings);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":", error.source().begin.line, ": ",
                                                   std::string(error.description()),
                                                   "; correct this line"));
  }
}

// What the command line alone says: settings with source "flag", and what to print.
absl::StatusOr<CommandLine> ReadFlags(const std::vector<std::string>& arguments) {
  CLI::App app("docstored: one node of a docstore cluster; every node takes reads and writes",
               "docstored");
  app.footer(
      "Every flag is also DOCSTORE_<FLAG> in the environment and a key of the --config file.\n"
      "Flag beats environment beats file beats default.");
  CommandLine line;
  std::map<std::string, std::string> texts;
  std::map<std::string, CLI::Option*> given;
  for (const Key& key : Keys()) {
    const std::string flag = absl::StrCat("--", key.name);
    if (key.kind == Kind::kSwitch) {
      given[key.name] = app.add_flag(flag, texts[key.name], key.help);
    } else {
      given[key.name] = app.add_option(flag, texts[key.name], key.help)->type_name(key.value_name);
      if (*key.default_value != '\0') given[key.name]->default_str(key.default_value);
    }
  }
  app.add_flag("--print-config", line.print_config, "print every value and its source, then end");
  app.add_flag("--version", line.print_version, "print the version, then end");
  // CLI11 takes the arguments last first.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    line.help = app.help();
    return line;
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(absl::StrCat(error.what(), "; see docstored --help"));
  }
  for (const Key& key : Keys()) {
    if (given[key.name]->count() == 0) continue;
    std::string value = texts[key.name];
    if (key.kind == Kind::kSwitch) {
      ASSIGN_OR_RETURN(value, SwitchValue(value, absl::StrCat("--", key.name)));
    }
    line.settings[key.name] = {std::move(value), "flag"};
  }
  return line;
}

}  // namespace

const std::vector<Key>& Keys() {
  static const auto& keys = *new std::vector<Key>{
      {"name", Kind::kText, "", "NAME", "name of this node in the cluster (default: host name)"},
      {"cluster", Kind::kText, "docstore", "NAME",
       "nodes of one cluster name merge, others are refused"},
      {"data", Kind::kText, "docstore-data", "DIR", "data directory, made if absent"},
      {"listen", Kind::kText, "127.0.0.1:7421", "HOST:PORT", "gRPC for clients; port 0: any free"},
      {"peer-listen", Kind::kText, "127.0.0.1:7422", "HOST:PORT", "gRPC for the other nodes"},
      {"http-listen", Kind::kText, "127.0.0.1:7423", "HOST:PORT",
       "HTTP: /healthz, /readyz, /version"},
      {"advertise", Kind::kText, "", "HOST:PORT",
       "where clients reach this node (default: what it listens on)"},
      {"peer-advertise", Kind::kText, "", "HOST:PORT",
       "where other nodes reach this node (default: what it listens on)"},
      {"seeds", Kind::kList, "", "HOST:PORT,...",
       "peer addresses of some other nodes, in any order; its own is ignored"},
      {"role", Kind::kText, "master", "ROLE", "master"},
      {"insecure", Kind::kSwitch, "false", "",
       "listen on other than loopback without TLS and authentication"},
      {"secret-file", Kind::kText, "", "FILE",
       "cluster secret: the first line signs tokens, every line verifies them"},
      {"document-bytes-max", Kind::kNumber, "1048576", "BYTES", "largest document, up to 8388608"},
      {"min-free-disk", Kind::kNumber, "268435456", "BYTES",
       "with less disk space free refuse writes and pause replication; 0: never"},
      {"dot-index-max", Kind::kNumber, "50000000", "WRITES",
       "writes kept indexed for members that are away; beyond, they are repaired on return"},
      {"config", Kind::kText, "", "FILE", "TOML file with these flags as keys"},
  };
  return keys;
}

absl::StatusOr<CommandLine> ReadSettings(const std::vector<std::string>& arguments,
                                         const Environment& environment) {
  ASSIGN_OR_RETURN(CommandLine flags, ReadFlags(arguments));
  if (!flags.help.empty() || flags.print_version) return flags;
  CommandLine line = flags;
  line.settings.clear();
  for (const Key& key : Keys()) line.settings[key.name] = {key.default_value, "default"};

  Settings from_environment;
  RETURN_IF_ERROR(ReadEnvironment(environment, &from_environment));
  Settings from_file;
  Settings named = flags.settings;
  named.merge(Settings(from_environment));
  if (const auto config = named.find("config");
      config != named.end() && !config->second.value.empty()) {
    RETURN_IF_ERROR(ReadFile(config->second.value, &from_file));
  }
  for (const Settings* source : {&from_file, &from_environment, &flags.settings}) {
    for (const auto& [name, setting] : *source) line.settings[name] = setting;
  }
  return line;
}

}  // namespace docstore::options
