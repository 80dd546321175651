// Judge: whether what several nodes hold of one document is the same, on its way to be, or wrong.
//
// A live version that one node holds and another does not is under way as long as the other has not
// seen that write, or itself holds a write that the one has not seen: that may have replaced it.
// When neither is so, no message to come makes the two equal (server/PROTOCOL.md, audit). Each
// node's content is of an instant of its own, so a finding counts when a second look, taken after
// the first, has it again. Pure.

#ifndef DOCSTORE_CLIENT_CONTENT_COMPARISON_H_
#define DOCSTORE_CLIENT_CONTENT_COMPARISON_H_

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "client/content.h"

namespace docstore::client {

// What one node held at one instant of the documents looked at.
struct NodeContent {
  std::string node;
  DotSet clock;
  std::map<DocumentKey, std::vector<ContentVersion>> documents;

  // Its versions of `key`, none when it has nothing.
  const std::vector<ContentVersion>& Of(const DocumentKey& key) const;
};

// Something that no write under way explains.
struct Finding {
  enum class Kind {
    kLacks,    // another node holds the write live and `node` does not
    kDiffers,  // nodes hold different bytes, times or liveness under the name of one write
    kDamaged,  // the bytes at `node` do not have the hash stored with them
  };
  Kind kind = Kind::kLacks;
  Dot dot;
  std::string node;  // empty for kDiffers
  friend auto operator<=>(const Finding&, const Finding&) = default;
};

struct Verdict {
  bool equal = false;  // all nodes hold the same live versions, undamaged
  std::set<Finding> findings;
};

// Of `key`; what `nodes` hold of it is complete.
Verdict Judge(const std::vector<NodeContent>& nodes, const DocumentKey& key);

// "node2 lacks a:3; nodes hold different versions as b:1"
std::string ToString(const std::set<Finding>& findings);

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_CONTENT_COMPARISON_H_
