#!/usr/bin/python3
"""Shows every rule of the lint failing on a planted sample, and passing on its honest neighbour."""

import os
import tempfile
import unittest

import cpp_source
import lint
import rules


def messages(rule, path, text):
    return ["%d: %s" % finding for finding in rule(path, text)]


class RuleTest(unittest.TestCase):

    def assert_finds(self, rule, path, text, line, words):
        found = messages(rule, path, text)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith("%d: " % line), found)
        self.assertIn(words, found[0])

    def assert_clean(self, rule, path, text):
        self.assertEqual(messages(rule, path, text), [])


class IncludesTest(RuleTest):

    def test_library_outside_its_layer(self):
        leveldb = "#include <string>\n#include <leveldb/db.h>\n"
        self.assert_finds(rules.includes, "server/core/clock.cc", leveldb, 2, "<leveldb/db.h>")
        self.assert_finds(rules.includes, "server/rpc/service.cc", leveldb, 2, "<leveldb/db.h>")
        self.assert_finds(rules.includes, "client/client.cc", leveldb, 2, "<leveldb/db.h>")
        self.assert_clean(rules.includes, "server/storage/leveldb_store.cc", leveldb)
        grpc = "#include <grpcpp/grpcpp.h>\n"
        self.assert_finds(rules.includes, "server/node/node.cc", grpc, 1, "grpcpp")
        self.assert_finds(rules.includes, "server/storage/store.cc", grpc, 1, "grpcpp")
        self.assert_finds(rules.includes, "server/http/http.cc", grpc, 1, "grpcpp")
        self.assert_clean(rules.includes, "server/rpc/service.cc", grpc)
        self.assert_clean(rules.includes, "server/main.cc", grpc)

    def test_quotes_do_not_hide_a_library(self):
        self.assert_finds(rules.includes, "server/core/a.cc", '#include "grpcpp/grpcpp.h"\n', 1, "grpcpp")
        self.assert_finds(rules.includes, "server/core/a.cc", '#include "absl/time/clock.h"\n', 1, "absl")

    def test_standard_header_in_a_pure_layer(self):
        for header in ("thread", "mutex", "random", "unordered_map", "fstream", "unistd.h"):
            text = "#include <%s>\n" % header
            for layer in ("core", "query", "admission"):
                self.assert_finds(rules.includes, "server/%s/a.h" % layer, text, 1, header)
            self.assert_clean(rules.includes, "server/storage/a.h", text)

    def test_unknown_library(self):
        self.assert_finds(rules.includes, "server/rpc/a.cc", "#include <boost/any.hpp>\n", 1, "boost")

    def test_own_header_of_a_higher_layer(self):
        self.assert_finds(rules.includes, "server/core/a.h", '#include "server/node/env.h"\n', 1, "server/node")
        self.assert_finds(rules.includes, "server/storage/a.h", '#include "server/rpc/wire.h"\n', 1, "server/rpc")
        self.assert_finds(rules.includes, "client/a.h", '#include "server/base/check.h"\n', 1, "server/base")
        self.assert_finds(rules.includes, "server/main.cc", '#include "client/client.h"\n', 1, "client")
        self.assert_finds(rules.includes, "server/node/a.h", '#include "docstore/v1/document.pb.h"\n', 1, "docstore")
        self.assert_clean(rules.includes, "server/node/a.h", '#include "server/core/clock.h"\n')

    def test_commented_include_is_none(self):
        self.assert_clean(rules.includes, "server/core/a.h", "// #include <thread>\n/*\n#include <mutex>\n*/\n")

    def test_seeded_generator_in_a_test(self):
        self.assert_clean(rules.includes, "server/core/clock_test.cc", "#include <random>\n#include <gtest/gtest.h>\n")
        self.assert_finds(rules.includes, "server/core/clock.cc", "#include <gtest/gtest.h>\n", 1, "gtest")


class ForbiddenNamesTest(RuleTest):

    def test_impure_names_in_pure_layers(self):
        for name in ("absl::Now()", "std::chrono::steady_clock::now()", "std::chrono::system_clock::now()",
                     "Clock = system_clock::now()", "std::unordered_map<int, int>", "std::unordered_set<int>",
                     "absl::flat_hash_map<int, int>", "flat_hash_set<int>", "absl::BitGen gen",
                     "std::random_device device", "std::mt19937_64 gen", "std::thread t", "std::async(f)",
                     "std::mutex m", "std::atomic<int> n", "rand()", "std::time(nullptr)", "getenv(name)",
                     "#include <thread>", "#include <mutex>", "#include <random>", "#include <unordered_map>"):
            for layer in ("core", "query", "admission"):
                with self.subTest(name=name, layer=layer):
                    found = messages(rules.forbidden_names, "server/%s/a.cc" % layer, "\n  %s;\n" % name)
                    self.assertEqual(len(found), 1)
                    self.assertTrue(found[0].startswith("2: "))

    def test_time_and_threads_in_base_and_node(self):
        for name in ("absl::Now()", "steady_clock::now()", "std::thread t", "#include <thread>", "std::random_device d"):
            for path in ("server/node/pipeline.cc", "server/base/hash.cc"):
                with self.subTest(name=name, path=path):
                    self.assertEqual(len(messages(rules.forbidden_names, path, name)), 1)

    def test_allowed_neighbours(self):
        self.assert_clean(rules.forbidden_names, "server/core/a.cc", "// absl::Now() is forbidden here\n")
        self.assert_clean(rules.forbidden_names, "server/core/a.cc", 'Fail("std::mutex");\n')
        self.assert_clean(rules.forbidden_names, "server/core/a.cc", "replica.clock(); hybrid.Now(now);\n")
        self.assert_clean(rules.forbidden_names, "server/storage/a.cc", "std::thread t; absl::Now();\n")
        self.assert_clean(rules.forbidden_names, "server/core/a_test.cc", "std::mt19937_64 gen(seed);\n")

    def test_wall_clock_in_a_pure_test(self):
        self.assert_finds(rules.forbidden_names, "server/core/a_test.cc", "absl::Now();\n", 1, "absl::Now")


class LocksTest(RuleTest):

    def test_foreign_locks(self):
        for name in ("std::mutex m_;", "std::lock_guard<M> l(m);", "absl::Mutex m_;", "std::unique_lock l(m);",
                     "std::condition_variable cv;", "absl::MutexLock l(&m);"):
            for path in ("server/rpc/a.cc", "client/a.h"):
                with self.subTest(name=name, path=path):
                    self.assertEqual(len(messages(rules.locks, path, name)), 1)

    def test_the_home_of_locks(self):
        self.assert_clean(rules.locks, "server/base/mutex.h", "std::mutex mutex_;")
        self.assert_clean(rules.locks, "server/rpc/a.cc", "Mutex mutex_; MutexLock lock(mutex_);")


class FunctionLengthTest(RuleTest):

    def function(self, lines, head="int F(int n) {"):
        return head + "\n" + "  Call();\n" * (lines - 2) + "}\n"

    def test_one_line_too_many(self):
        self.assert_clean(rules.function_length, "server/a.cc", self.function(70))
        self.assert_finds(rules.function_length, "server/a.cc", "\n" + self.function(71), 2, "71 lines")

    def test_in_namespace_class_and_template(self):
        for opening, head in (("namespace docstore {\nnamespace {\n", "void F() {"),
                              ("class C final : public B<int> {\n public:\n", "void F() const override {"),
                              ("struct S {\n", "explicit S(int n) : n_(n), v_{n} {"),
                              ("namespace a::b {\n", "template <class T, class U>\nauto F(T t, U u) -> int {"),
                              ("class C {\n", "bool operator()(int a) const {"),
                              ("namespace {\n", "TEST(Clock, CoversWhatWasAdded) {")):
            with self.subTest(head=head):
                text = opening + self.function(80, head) + "}\n"
                self.assertEqual(len(messages(rules.function_length, "server/a.cc", text)), 1)

    def test_braces_that_are_no_function(self):
        table = "constexpr Row kRows[] = {\n" + '    {Key("}"), 1},\n' * 90 + "};\n"
        type_body = "class C {\n" + "  void F();\n" * 90 + "};\n"
        enum = "enum class Reason : uint8_t {\n" + "  kA,\n" * 90 + "};\n"
        self.assert_clean(rules.function_length, "server/a.cc", table + type_body + enum)

    def test_lambda_counts_with_its_function(self):
        text = self.function(80).replace("  Call();\n", "  Run([&] {\n    Call();\n  });\n", 1)
        found = cpp_source.functions(text)
        self.assertEqual([(first, last) for _, first, last in found], [(1, 82)])

    def test_python(self):
        text = "def f():\n" + "    g()\n" * 70
        self.assert_finds(rules.function_length, "tests/a.py", text, 1, "71 lines")


class OtherRulesTest(RuleTest):

    def test_file_length(self):
        self.assert_finds(rules.file_length, "server/a.cc", "\n" * 551, 550, "551 lines")
        self.assert_clean(rules.file_length, "server/a.cc", "\n" * 550)

    def test_unfinished_work(self):
        for word in ("TO" "DO", "FIX" "ME", "X" "XX", "not imple" "mented", "Not yet imple" "mented"):
            self.assert_finds(rules.unfinished, "server/a.cc", "\n// %s: later\n" % word, 2, word)
        self.assert_clean(rules.unfinished, "deploy/setup", "mktemp -d name.XXXXXX\n")

    def test_machine_names(self):
        for name in ("/wo" "rk/main/x", "cd /ro" "ot/x", '"/ho' 'me/joe/x"', "https://registry.npm" "js.org/buf",
                     "http://deb.deb" "ian.org/debian"):
            with self.subTest(name=name):
                self.assertEqual(len(messages(rules.machine_names, "README.md", name)), 1)
        self.assert_clean(rules.machine_names, "README.md", "/var/lib/docstore /home and tests/wo" "rk/x")

    def test_header_without_comment(self):
        guard = "#ifndef DOCSTORE_SERVER_A_H_\n#define DOCSTORE_SERVER_A_H_\n#endif\n"
        self.assert_clean(rules.header_shape, "server/a.h", "// A: what\n// and why.\n\n" + guard)
        self.assert_finds(rules.header_shape, "server/a.h", guard, 1, "comment")

    def test_header_without_its_guard(self):
        text = "// A: what\n// and why.\n#pragma once\n"
        self.assert_finds(rules.header_shape, "server/a.h", text, 1, "DOCSTORE_SERVER_A_H_")

    def test_vague_file_name(self):
        self.assert_finds(rules.vague_name, "server/core/clock_util.h", "", 1, "util")
        self.assert_finds(rules.vague_name, "client/manager.cc", "", 1, "manager")
        self.assert_finds(rules.vague_name, "tests/helper.py", "", 1, "helper")
        self.assert_clean(rules.vague_name, "server/core/utility_of_clocks.h", "")


class BuildLayersTest(RuleTest):

    def library(self, dep, kind="cc_library"):
        return 'package(default_visibility = ["//visibility:private"])\n%s(\n  name = "a",\n  deps = ["%s"])\n' % (
            kind, dep)

    def assert_forbidden(self, package, dep, kind="cc_library"):
        self.assert_finds(rules.build_layers, package + "/BUILD.bazel", self.library(dep, kind), 2, dep)

    def assert_allowed(self, package, dep, kind="cc_library"):
        self.assert_clean(rules.build_layers, package + "/BUILD.bazel", self.library(dep, kind))

    def test_dependency_on_a_higher_layer(self):
        order = ["server/base", "server/core", "server/query", "server/admission", "server/node",
                 "server/rpc", "server"]
        for low, package in enumerate(order):
            for high, other in enumerate(order):
                dep = "//%s:x" % other
                if high > low:
                    self.assert_forbidden(package, dep)
                elif package != "server/query" or other != "server/query":
                    self.assert_allowed(package, dep)

    def test_neighbours_at_the_edge(self):
        self.assert_forbidden("server/storage", "//server/rpc:wire")
        self.assert_forbidden("server/http", "//server/rpc:wire")
        self.assert_forbidden("server/rpc", "//server/storage:store")
        self.assert_allowed("server/rpc", "//server/storage:store", "cc_test")

    def test_client_and_server_apart(self):
        self.assert_forbidden("client", "//server/base:check")
        self.assert_forbidden("client", "//server/base:check", "cc_test")
        self.assert_forbidden("server", "//client:client")
        self.assert_allowed("tests/integration", "//client:client", "cc_test")

    def test_libraries_of_debian(self):
        self.assert_forbidden("server/core", "@debian//:leveldb")
        self.assert_forbidden("server/rpc", "@debian//:leveldb")
        self.assert_allowed("server/storage", "@debian//:leveldb")
        self.assert_forbidden("server/node", "@debian//:grpc")
        self.assert_forbidden("server/core", "@debian//:gtest_main")
        self.assert_allowed("server/core", "@debian//:gtest_main", "cc_test")

    def test_protobuf_below_the_edge(self):
        self.assert_forbidden("server/core", "//proto:peer_frame_proto")
        self.assert_forbidden("server/storage", "//proto:document_proto")
        self.assert_allowed("server/rpc", "//proto:document_proto")

    def test_rules_made_in_a_comprehension(self):
        text = '[cc_library(name = n, deps = ["//server/%s:x" % n]) for n in ["base", "rpc"]]\n'
        self.assert_finds(rules.build_layers, "server/core/BUILD.bazel", text, 1, "//server/rpc:x")

    def test_public_visibility(self):
        public = '"//visi' 'bility:public"'
        self.assert_finds(rules.build_layers, "server/core/BUILD.bazel",
                          "package(default_visibility = [%s])\n" % public, 1, "public")
        self.assert_finds(rules.build_layers, "server/core/BUILD.bazel",
                          '\ncc_library(name = "a", visibility = [%s])\n' % public, 2, "everybody")


class TreeTest(unittest.TestCase):
    """The rules that look at the tree as a whole, on a small tree made for it."""

    def setUp(self):
        self.tree = tempfile.TemporaryDirectory()
        self.addCleanup(self.tree.cleanup)
        self.write(".clang-format", "BasedOnStyle: Google\n")
        self.write("server/a.cc", "int F() { return 1; }\n")

    def write(self, path, text):
        path = os.path.join(self.tree.name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)

    def found(self):
        return ["%s:%d %s" % finding[:3] for finding in lint.findings(self.tree.name)]

    def test_clean_tree(self):
        self.assertEqual(self.found(), [])

    def test_file_that_clang_format_would_change(self):
        self.write("server/b.cc", "int F() { return 1; }\n\nint   G(){return 2;}\n")
        self.assertEqual(self.found(), ["server/b.cc:3 formatting"])

    def test_stranger_at_the_top(self):
        self.write("docs/page.md", "x\n")
        self.assertEqual(self.found(), ["docs:1 top_level"])

    def test_generated_folders_are_not_looked_at(self):
        self.write("tests/proto/node_modules/a.cc", "int   G(){}\n")
        self.write("bazel-out/a.cc", "int   G(){}\n")
        self.assertEqual(self.found(), [])

    def test_finding_fails_the_command(self):
        self.assertEqual(lint.main(["lint", self.tree.name]), 0)
        self.write("server/b.cc", "// TO" "DO\n")
        self.assertEqual(lint.main(["lint", self.tree.name]), 1)


if __name__ == "__main__":
    unittest.main()
