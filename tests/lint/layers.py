"""The layers of the repository: who may include and depend on what.

One table for both checks. Debian's headers lie on the system path, where Bazel cannot see who
includes them, so every #include that is not our own must match its layer's allow-list.
"""

import re

import build_file
import cpp_source

_PURE_STD = set("""
    algorithm array bit cassert cctype charconv climits cmath compare concepts cstddef cstdint cstdlib
    cstring deque functional initializer_list iterator limits list map memory numeric optional queue set
    span string string_view tuple type_traits utility variant vector""".split())
_SYSTEM_STD = _PURE_STD | set("""
    atomic cerrno chrono cinttypes clocale condition_variable csignal cstdarg cstdio ctime cwchar exception
    filesystem fstream
    future iomanip ios iosfwd iostream istream locale mutex new ostream random ratio regex sstream
    stdexcept streambuf system_error thread typeinfo unordered_map unordered_set""".split())
_POSIX = (r"(?:sys|net|netinet|arpa|linux)/\w+\.h|(?:dirent|errno|fcntl|grp|ifaddrs|netdb|poll|pthread|pwd"
          r"|sched|signal|spawn|stdio|stdlib|string|termios|time|unistd|limits|stdint|syslog|getopt"
          r"|malloc)\.h")
_PURE_ABSL = (r"absl/(?:algorithm|base|cleanup|functional|memory|meta|numeric|status|strings|types|utility)/.*"
              r"|absl/container/(?:btree_\w+|inlined_vector|fixed_array)\.h")

# Library: (its headers, its targets in @debian).
LIBRARIES = {
    "pure absl": (_PURE_ABSL, {"absl"}),
    "absl": (r"absl/.*", {"absl"}),
    "xxhash": (r"xxhash\.h", {"xxhash"}),
    "simdjson": (r"simdjson\.h", {"simdjson"}),
    "re2": (r"re2/.*", {"re2"}),
    "leveldb": (r"leveldb/.*", {"leveldb"}),
    "protobuf": (r"google/(?:protobuf|rpc)/.*", {"protobuf"}),
    "grpc": (r"grpcpp/.*|grpc/.*", {"grpc", "grpc_reflection"}),
    "crypto": (r"openssl/.*", {"crypto"}),
    "sodium": (r"sodium\.h", {"sodium"}),
    "httplib": (r"httplib\.h", {"httplib"}),
    "cli11": (r"CLI/.*", {"cli11"}),
    "toml": (r"toml\+\+/.*|toml\.hpp?|toml\+\+\.h", {"tomlplusplus"}),
    "edit": (r"histedit\.h|editline/readline\.h", {"edit"}),
    "gtest": (r"gtest/.*|gmock/.*", {"gtest", "gtest_main"}),
    "benchmark": (r"benchmark/.*", {"benchmark"}),
}


class Layer:
    """What one layer may use: `own` are path prefixes, `libraries` keys of LIBRARIES."""

    def __init__(self, own, libraries, pure=False):
        self.own = own
        self.libraries = libraries
        self.pure = pure


_BELOW_NODE = ["server/base", "server/core", "server/query", "server/admission"]
_BELOW_EDGE = _BELOW_NODE + ["server/node"]
_EDGE_LIBRARIES = ["absl", "xxhash", "crypto", "simdjson"]
LAYERS = {
    "server/base": Layer(["server/base"], ["absl", "xxhash"]),
    "server/core": Layer(["server/base", "server/core"], ["pure absl"], pure=True),
    "server/query": Layer(["server/base", "server/core", "server/query"],
                          ["pure absl", "simdjson", "re2"], pure=True),
    "server/admission": Layer(_BELOW_NODE, ["pure absl"], pure=True),
    "server/node": Layer(_BELOW_EDGE, ["absl"]),
    "server/storage": Layer(_BELOW_EDGE + ["server/storage"], ["absl", "xxhash", "leveldb"]),
    "server/rpc": Layer(_BELOW_EDGE + ["server/rpc", "proto"],
                        _EDGE_LIBRARIES + ["grpc", "protobuf", "sodium"]),
    "server/thread": Layer(_BELOW_EDGE + ["server/thread"], ["absl"]),
    "server/http": Layer(_BELOW_EDGE + ["server/http"], _EDGE_LIBRARIES + ["httplib"]),
    "server/host": Layer(_BELOW_EDGE + ["server/host"], ["absl"]),
    "server/options": Layer(["server/base", "server/options"], ["absl", "cli11", "toml"]),
    "server": Layer(["server", "proto"],
                    _EDGE_LIBRARIES + ["grpc", "protobuf", "cli11", "toml", "httplib"]),
    "client": Layer(["client", "proto"],
                    ["absl", "grpc", "protobuf", "simdjson", "cli11", "edit", "crypto"]),
    "proto": Layer(["proto"], ["grpc", "protobuf"]),
    "tests": Layer(["server", "client", "proto", "tests"], list(LIBRARIES)),
}
# A test at the edge may put neighbouring layers together.
_TESTS_ALSO_USE = {"server/node": ["server/storage", "server/rpc", "proto"],
                   "server/rpc": ["server/storage", "server/thread", "server/host"],
                   "server/http": ["server/storage"], "server/storage": [], "client": []}


def layer_of(path):
    """Returns the key in LAYERS of a file, package or label path, or None."""
    for prefix in sorted(LAYERS, key=len, reverse=True):
        if path == prefix or path.startswith(prefix + "/"):
            return prefix
    return None


def is_test_file(path):
    """Whether a C++ file is compiled into tests alone, which its name shows."""
    return re.search(r"_(?:test|testing|model|samples|fuzz|benchmark)\.(?:cc|h)$|/virtual_\w+\.(?:cc|h)$",
                     path) is not None


def _may_use(layer_name, testing):
    layer = LAYERS[layer_name]
    own = layer.own + (_TESTS_ALSO_USE.get(layer_name, []) if testing else [])
    libraries = layer.libraries + (["gtest", "benchmark", "absl"] if testing else [])
    return own, libraries


def _own_header(header):
    """Returns the layer-table path of one of our own headers, or None."""
    if header.startswith(("docstore/v1/", "docstore/peer/v1/")):
        return "proto/" + header
    if header.startswith("docstore/raw/v1/"):
        return "server/rpc/raw/" + header
    if header.startswith(("server/", "client/", "tests/", "proto/")):
        return header
    return None


def _owned(path, own):
    """Whether the layer of `path`, a file or package, is one of `own`; "server" stands for all below."""
    if path.startswith("deploy/bazel/"):  # what is generated from Debian's protos
        return "proto" in own
    layer_name = layer_of(path)
    return layer_name in own or ("server" in own and path.startswith("server/"))


def _standard_allowed(header, layer, testing):
    if layer.pure:
        return header in _PURE_STD or (testing and header in _SYSTEM_STD)
    return header in _SYSTEM_STD or re.fullmatch(_POSIX, header) is not None


def check_includes(path, text):
    """Yields (line, message) for every #include that the layer of `path` may not have."""
    name = layer_of(path)
    if name is None:
        return
    testing = is_test_file(path)
    own, libraries = _may_use(name, testing)
    for line, header in cpp_source.includes(text):
        ours = _own_header(header)
        if ours is not None:
            if not _owned(ours, own):
                yield line, "%s may not include our own %s" % (name, header)
        elif not (_standard_allowed(header, LAYERS[name], testing)
                  or any(re.fullmatch(LIBRARIES[library][0], header) for library in libraries)):
            yield line, "<%s> is not on the include allow-list of %s" % (header, name)


def check_deps(package, text):
    """Yields (line, message) for every dependency that the layer of `package` may not have."""
    name = layer_of(package)
    if name is None:
        return
    for rule in build_file.BuildFile(text).rules:
        own, libraries = _may_use(name, rule.testonly)
        debian = {target for library in libraries for target in LIBRARIES[library][1]}
        for label in rule.deps:
            label = build_file.absolute(label, package)
            if label.startswith("@debian//:"):
                if label[len("@debian//:"):] not in debian:
                    yield rule.line, "%s:%s may not depend on %s" % (name, rule.name, label)
            elif label.startswith("//"):
                if not _owned(label[2:].split(":")[0], own):
                    yield rule.line, "%s:%s may not depend on %s" % (name, rule.name, label)


def check_visibility(package, text):
    """Yields (line, message) where something is visible to everybody; the client library may be."""
    parsed = build_file.BuildFile(text)
    if "//visibility:public" in parsed.default_visibility:
        yield 1, "default_visibility must not be public"
    for rule in parsed.rules:
        if "//visibility:public" in rule.visibility and package != "client":
            yield rule.line, "%s must not be visible to everybody" % rule.name
