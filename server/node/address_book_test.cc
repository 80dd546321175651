#include "server/node/address_book.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace docstore::node {
namespace {

using Addresses = std::vector<std::string>;

class AddressBookTest : public testing::Test {
 protected:
  Addresses Due(int64_t now_us) {
    return book_.Due(now_us, [this](const std::string& uuid) { return linked_.contains(uuid); });
  }
  AddressBook book_{"m"};  // dials "z", is dialled by "a"
  std::set<std::string> linked_;
};

TEST_F(AddressBookTest, SeedIsDialledAtOnceAndOnlyOnceAtATime) {
  book_.AddSeed("h:1", 5);
  EXPECT_EQ(Due(4), Addresses());
  EXPECT_EQ(Due(5), Addresses{"h:1"});
  EXPECT_EQ(Due(1'000'000), Addresses());
}

TEST_F(AddressBookTest, FailuresBackOffToTwoSeconds) {
  book_.AddSeed("h:1", 0);
  int64_t now_us = 0;
  std::vector<int64_t> waits;
  for (int i = 0; i < 6; ++i) {
    int64_t wait_us = 0;
    while (Due(now_us + wait_us).empty()) wait_us += 100'000;
    now_us += wait_us;
    waits.push_back(wait_us);
    book_.Done("h:1", false, now_us);
  }
  EXPECT_EQ(waits, (std::vector<int64_t>{0, 400'000, 800'000, 1'600'000, 2'000'000, 2'000'000}));
}

TEST_F(AddressBookTest, LostLinkIsDialledSoonByTheLowerUuid) {
  book_.AddSeed("h:1", 0);
  ASSERT_EQ(Due(0), Addresses{"h:1"});
  book_.SetOwner("h:1", "z", 0);
  linked_ = {"z"};
  EXPECT_EQ(Due(10), Addresses());
  linked_ = {};
  book_.Done("h:1", true, 20);
  EXPECT_EQ(Due(20), Addresses());
  EXPECT_EQ(Due(20 + AddressBook::kBackoffUsMin), Addresses{"h:1"});
}

TEST_F(AddressBookTest, LostLinkIsDialledByTheHigherUuidOnlyAfterFiveSeconds) {
  book_.SetOwner("h:1", "a", 0);
  linked_ = {"a"};
  EXPECT_EQ(Due(AddressBook::kPatienceUs), Addresses());
  linked_ = {};
  const int64_t lost_us = AddressBook::kPatienceUs + 1;
  EXPECT_EQ(Due(lost_us), Addresses());
  EXPECT_EQ(Due(lost_us + AddressBook::kPatienceUs - 1), Addresses());
  EXPECT_EQ(Due(lost_us + AddressBook::kPatienceUs), Addresses{"h:1"});
}

TEST_F(AddressBookTest, MemberHeardOfIsDialledByTheLowerUuidAtOnce) {
  book_.SetOwner("h:1", "z", 0);
  book_.SetOwner("h:2", "a", 0);
  EXPECT_EQ(Due(0), Addresses{"h:1"});
  EXPECT_EQ(Due(AddressBook::kPatienceUs), Addresses{"h:2"});
}

TEST_F(AddressBookTest, TwoAddressesOfOneOwnerAreNotDialledAtOnce) {
  book_.SetOwner("h:1", "z", 0);
  book_.SetOwner("h:2", "z", 0);
  EXPECT_EQ(Due(0), Addresses{"h:1"});
  EXPECT_EQ(Due(100), Addresses());
  book_.Done("h:1", false, 200);
  EXPECT_EQ(Due(200), Addresses{"h:2"});
}

TEST_F(AddressBookTest, AddressThatItsOwnerLeftIsForgottenUnlessItIsASeed) {
  book_.AddSeed("h:1", 0);
  book_.SetOwner("h:1", "z", 0);
  book_.SetOwner("h:2", "z", 0);
  book_.SetOwner("h:3", "y", 0);
  book_.Forget("h:1", "z");
  book_.Forget("h:2", "z");
  book_.Forget("h:3", "z");
  EXPECT_EQ(Due(0), (Addresses{"h:1", "h:3"}));
}

TEST_F(AddressBookTest, OwnAddressIsNeverDialled) {
  book_.AddSeed("h:1", 0);
  book_.AddSeed("h:2", 0);
  book_.MarkSelf("h:1");
  EXPECT_EQ(Due(0), Addresses{"h:2"});
  book_.MarkSelf("h:2");  // found out by dialling it
  book_.Done("h:2", false, 0);
  EXPECT_EQ(Due(100'000'000), Addresses());
  EXPECT_TRUE(book_.IsSelf("h:2"));
  EXPECT_FALSE(book_.IsSelf("h:3"));
}

}  // namespace
}  // namespace docstore::node
