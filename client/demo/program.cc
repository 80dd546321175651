#include "client/demo/program.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/shell/failure.h"

namespace docstore::client::demo {
namespace {

constexpr char kName[] = "docstored";

bool IsProgram(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

absl::StatusOr<std::string> FindDocstored(const std::string& given) {
  if (!given.empty()) {
    // Absolute, so that it is never looked up on PATH.
    std::error_code error;
    const std::filesystem::path path = std::filesystem::absolute(given, error);
    if (!error && IsProgram(path)) return path.string();
    return shell::UsageError(absl::StrCat(given, " is no program"),
                             "name the docstored program with --docstored");
  }
  std::vector<std::filesystem::path> places;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) places.push_back(self.parent_path());
  const char* const path = std::getenv("PATH");
  for (const auto folder : absl::StrSplit(path == nullptr ? "" : path, ':', absl::SkipEmpty())) {
    places.emplace_back(std::string(folder));
  }
  for (const std::filesystem::path& place : places) {
    if (IsProgram(place / kName)) return (place / kName).string();
  }
  return shell::UsageError("docstored is neither beside docstore nor on PATH",
                           "deploy/install puts both in place; or name it: docstore demo "
                           "--docstored FILE");
}

}  // namespace docstore::client::demo
