#include "server/host/open_files.h"

#include <sys/resource.h>

#include "server/base/check.h"

namespace docstore::host {

uint64_t RaiseOpenFilesLimit() {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  // Refused only where the kernel allows less than the limit says; then the old one holds.
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  return limit.rlim_cur;
}

}  // namespace docstore::host
