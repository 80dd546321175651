#include "server/host/data_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace docstore::host {
namespace {

constexpr char kAddressesFile[] = "addresses";
constexpr size_t kLinesBytesMax = 64 << 10;

absl::Status CannotMake(const std::string& path, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the data directory ", path, " cannot be used: ", why, "; choose another --data"));
}

}  // namespace

absl::StatusOr<DataDirectory> DataDirectory::Open(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return CannotMake(path, error.message());
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return CannotMake(path, std::strerror(errno));
  }
  if (!std::filesystem::is_directory(path, error)) return CannotMake(path, "it is no directory");
  return DataDirectory(path);
}

absl::Status DataDirectory::WriteAddresses(const ServedAddresses& addresses) const {
  const std::string target = absl::StrCat(path_, "/", kAddressesFile);
  const std::string next = absl::StrCat(target, ".new");
  std::ofstream file(next, std::ios::trunc);
  file << "client=" << addresses.client << "\npeer=" << addresses.peer
       << "\nhttp=" << addresses.http << "\npid=" << getpid() << "\n";
  file.close();
  if (!file || std::rename(next.c_str(), target.c_str()) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(target,
                                                      " cannot be written: ", std::strerror(errno),
                                                      "; check space and rights of --data"));
  }
  return absl::OkStatus();
}

void DataDirectory::RemoveAddresses() const {
  std::error_code ignored;  // absent is what is wanted
  std::filesystem::remove(absl::StrCat(path_, "/", kAddressesFile), ignored);
}

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kLinesBytesMax + 1, '\0');
  if (!file) {
    return absl::NotFoundError(absl::StrCat("the file ", path, " cannot be read; check its name"));
  }
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, absl::ByAnyChar("\r\n"), absl::SkipEmpty())) {
    lines.emplace_back(line);
  }
  if (lines.empty() || text.size() > kLinesBytesMax) {
    return absl::FailedPreconditionError(absl::StrCat("the file ", path, " is empty or over ",
                                                      kLinesBytesMax,
                                                      " bytes; put one secret on its first line"));
  }
  return lines;
}

}  // namespace docstore::host
