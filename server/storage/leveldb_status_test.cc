#include "server/storage/leveldb_status.h"

#include <gtest/gtest.h>

namespace docstore::storage {
namespace {

TEST(LevelDbStatus, MapsEveryKindAndKeepsTheText) {
  using leveldb::Status;
  EXPECT_EQ(FromLevelDb(Status::OK()), absl::OkStatus());
  EXPECT_EQ(FromLevelDb(Status::Corruption("a", "b")), absl::DataLossError("Corruption: a: b"));
  EXPECT_EQ(FromLevelDb(Status::NotFound("a")), absl::NotFoundError("NotFound: a"));
  EXPECT_EQ(FromLevelDb(Status::NotSupported("a")).code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(FromLevelDb(Status::InvalidArgument("a")).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FromLevelDb(Status::IOError("f", "Permission denied")),
            absl::InternalError("IO error: f: Permission denied"));
  EXPECT_EQ(FromLevelDb(Status::IOError("f", "No space left on device")).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(FromLevelDb(Status::IOError("f", "Disk quota exceeded")).code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace docstore::storage
