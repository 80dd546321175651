#include "server/node/disk_reserve.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace docstore::node {
namespace {

class FakeSpace : public DiskSpace {
 public:
  absl::StatusOr<uint64_t> FreeBytes() const override {
    ++asked;
    return free;
  }
  absl::StatusOr<uint64_t> free = 1000;
  mutable int asked = 0;
};

TEST(DiskReserve, IsLowBelowTheReserveAndNotAtIt) {
  FakeSpace space;
  DiskReserve reserve(&space, 1000);
  reserve.Check(0);
  EXPECT_FALSE(reserve.low());
  space.free = 999;
  reserve.Check(DiskReserve::kCheckUs);
  EXPECT_TRUE(reserve.low());
  EXPECT_TRUE(absl::StrContains(reserve.Describe(), "999 bytes free")) << reserve.Describe();
  EXPECT_TRUE(absl::StrContains(reserve.Describe(), "1000 of --min-free-disk"));
  space.free = 1000;
  reserve.Check(2 * DiskReserve::kCheckUs);
  EXPECT_FALSE(reserve.low());
}

TEST(DiskReserve, AsksAtMostEveryHalfSecond) {
  FakeSpace space;
  DiskReserve reserve(&space, 1000);
  for (int64_t now_us = 7; now_us < 7 + 1'000'000; now_us += 10'000) reserve.Check(now_us);
  EXPECT_EQ(space.asked, 2);
}

TEST(DiskReserve, IsNeverLowWhenSwitchedOffOrUnknown) {
  FakeSpace space;
  space.free = 0;
  DiskReserve off(&space, 0);
  off.Check(0);
  EXPECT_FALSE(off.low());
  DiskReserve unwatched(nullptr, 1000);
  unwatched.Check(0);
  EXPECT_FALSE(unwatched.low());
  space.free = absl::InternalError("no such file system");
  DiskReserve unknown(&space, 1000);
  unknown.Check(0);
  EXPECT_FALSE(unknown.low());
}

}  // namespace
}  // namespace docstore::node
