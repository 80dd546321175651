#include "client/demo/socket_owner.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace docstore::client::demo {
namespace {

// Fields of a line, by position.
constexpr size_t kLocalAddress = 1;
constexpr size_t kRemoteAddress = 2;
constexpr size_t kInode = 9;

// The port of "0100007F:9C40"; -1 when it is none.
int PortOf(absl::string_view address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == absl::string_view::npos) return -1;
  return absl::SimpleHexAtoi(address.substr(colon + 1), &port) ? port : -1;
}

std::string ReadAll(const char* name) {
  std::ifstream in(name, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

bool Holds(pid_t pid, const std::set<std::string>& inodes) {
  std::error_code error;
  const std::filesystem::path folder = absl::StrCat("/proc/", pid, "/fd");
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;  // closed meanwhile
    const std::string target = std::filesystem::read_symlink(entry->path(), gone).string();
    // "socket:[424242]"
    if (target.size() < 10 || target.compare(0, 8, "socket:[") != 0) continue;
    if (inodes.count(target.substr(8, target.size() - 9)) > 0) return true;
  }
  return false;
}

}  // namespace

std::set<std::string> SocketInodes(absl::string_view table, uint16_t local_port,
                                   uint16_t remote_port) {
  std::set<std::string> inodes;
  for (const absl::string_view line : absl::StrSplit(table, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (fields.size() <= kInode) continue;
    if (PortOf(fields[kLocalAddress]) != local_port) continue;
    if (PortOf(fields[kRemoteAddress]) != remote_port) continue;
    inodes.insert(std::string(fields[kInode]));
  }
  return inodes;
}

pid_t FindSocketOwner(uint16_t local_port, uint16_t remote_port, const std::vector<pid_t>& pids) {
  std::set<std::string> inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    inodes.merge(SocketInodes(ReadAll(table), local_port, remote_port));
  }
  if (inodes.empty()) return 0;
  for (const pid_t pid : pids) {
    if (pid > 0 && Holds(pid, inodes)) return pid;
  }
  return 0;
}

}  // namespace docstore::client::demo
