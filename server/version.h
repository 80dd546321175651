// The version of this build, in one place.
//
// Printed by --version, served at /version and told by ClusterService.GetStatus.

#ifndef DOCSTORE_SERVER_VERSION_H_
#define DOCSTORE_SERVER_VERSION_H_

namespace docstore {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace docstore

#endif  // DOCSTORE_SERVER_VERSION_H_
