"""The rules that look at one file. Each yields (line, message); lint.py decides who sees what."""

import ast
import re

import cpp_source
import layers

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 550

# In the pure layers time, chance, threads and order come in as arguments or not at all.
_IMPURE = [
    r"\babsl::Now\b",
    r"\bstd::chrono::\w+::now\b",
    r"\b\w+_clock::now\b",
    r"\bstd::(?:unordered_\w+)\b",
    r"\b(?:absl::)?(?:flat|node)_hash_(?:map|set)\b",
    r"\b(?:absl::(?:InsecureBitGen|BitGen|Uniform)|std::(?:random_device|mt19937\w*|\w+_distribution))\b",
    r"\b(?:std::(?:jthread|thread|async)|pthread_create)\b",
    r"\bstd::(?:\w*mutex|condition_variable\w*|lock_guard|unique_lock|scoped_lock|atomic\w*)\b",
    r"\babsl::(?:Mutex|CondVar|Notification|BlockingCounter)\b",
    r"(?:\bstd|(?<!\w))::(?:time|clock)\s*\(|\b(?:rand|srand|getenv|gettimeofday|clock_gettime)\s*\(",
    r"#\s*include\s*<(?:thread|mutex|random|unordered_map|unordered_set|atomic|condition_variable)>",
]
# A test of a pure layer draws from a seeded generator and may compare with an unordered model.
_IMPURE_EVEN_IN_TESTS = [r"\babsl::Now\b", r"\bstd::chrono::\w+::now\b", r"\b\w+_clock::now\b",
                         r"\bstd::random_device\b", r"\babsl::(?:Insecure)?BitGen\b"]
# The pipeline and the base run on what they are given; main and the edge own threads and clocks.
_GIVEN = [r"\babsl::Now\b", r"\b\w+_clock::now\b", r"\b(?:std::(?:jthread|thread|async)|pthread_create)\b",
          r"#\s*include\s*<(?:thread|random)>", r"\bstd::random_device\b", r"\babsl::(?:Insecure)?BitGen\b"]
_GIVEN_LAYERS = ("server/base", "server/node")

_LOCKS = (r"\bstd::(?:mutex|shared_mutex|recursive_mutex|timed_mutex|condition_variable\w*|lock_guard"
          r"|unique_lock|scoped_lock|shared_lock)\b|\babsl::(?:Mutex\w*|CondVar|\w+MutexLock)\b")
# The client depends on nothing of the server, so the fake node of its tests takes std's lock.
_LOCK_HOMES = ("server/base/mutex.h", "client/fake_node.h", "client/fake_node.cc")
# Tests may wait with what they like; libraries that demand std's locks are none of ours.
_UNFINISHED = r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b|(?i:\bnot (?:yet )?imple" r"mented\b)"
_MACHINE = (r"(?<![\w.$}])/(?:wo" r"rk|ro" r"ot|ho" r"me/\w+)/"
            r"|\b(?:registry\.npm" r"js\.org|(?:deb|security|snapshot)\.deb" r"ian\.org|registry-1\.dock" r"er\.io"
            r"|pypi\.o" r"rg|proxy\.gol" r"ang\.org|repo1?\.mav" r"en\.org)\b")
_VAGUE_WORDS = {"util", "utils", "common", "manager", "helper", "helpers", "impl", "misc"}


def _matching_lines(text, patterns):
    for number, line in enumerate(text.split("\n"), 1):
        for pattern in patterns:
            match = re.search(pattern, line)
            if match:
                yield number, match.group(0).strip()
                break


def forbidden_names(path, text):
    """Clocks, chance, threads, locks and unordered containers in layers that must not know them."""
    name = layers.layer_of(path)
    if name is None or path in _LOCK_HOMES:
        return
    if layers.LAYERS[name].pure:
        patterns = _IMPURE_EVEN_IN_TESTS if layers.is_test_file(path) else _IMPURE
    elif name in _GIVEN_LAYERS and not layers.is_test_file(path):
        patterns = _GIVEN
    else:
        return
    for line, found in _matching_lines(cpp_source.code_of(text), patterns):
        yield line, "%s must not appear in %s" % (found, name)


def locks(path, text):
    """Locks other than docstore::Mutex, which ThreadSanitizer and clang's annotations can see."""
    if path in _LOCK_HOMES or not path.startswith(("server/", "client/")):
        return
    for line, found in _matching_lines(cpp_source.code_of(text), [_LOCKS]):
        yield line, "%s: use docstore::Mutex of %s" % (found, _LOCK_HOMES[0])


def function_length(path, text):
    """Functions longer than FUNCTION_LINES_MAX lines, C++ and Python."""
    if path.endswith((".cc", ".h")):
        found = cpp_source.functions(text)
    elif path.endswith(".py"):
        found = [(node.name, node.lineno, node.end_lineno) for node in ast.walk(ast.parse(text))
                 if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    else:
        found = []
    for head, first, last in found:
        if last - first + 1 > FUNCTION_LINES_MAX:
            yield first, "function of %d lines, at most %d: %s" % (
                last - first + 1, FUNCTION_LINES_MAX, head[:60])


def file_length(path, text):
    """Source files longer than FILE_LINES_MAX lines."""
    lines = text.count("\n")
    if lines > FILE_LINES_MAX and not path.endswith((".md", ".json", ".jsonl", ".txt")):
        yield FILE_LINES_MAX, "%d lines, at most %d: split it by noun" % (lines, FILE_LINES_MAX)


def unfinished(path, text):
    """Words that promise work for later: an issue is the place for that."""
    for line, found in _matching_lines(text, [_UNFINISHED]):
        yield line, "%s: finish it, or file an issue" % found


def machine_names(path, text):
    """Paths and hosts that belong to somebody's machine."""
    for line, found in _matching_lines(text, [_MACHINE]):
        yield line, "%s belongs to one machine" % found


def header_shape(path, text):
    """A header opens with a comment of at least two lines and has the include guard of its path."""
    if not path.endswith(".h"):
        return
    if not re.match(r"//[^\n]*\n//", text):
        yield 1, "a header opens with 3 to 15 lines of comment: what it is, why, thread-safety"
    guard = "DOCSTORE_" + re.sub(r"[^A-Z0-9]", "_", path.upper()) + "_"
    if not re.search(r"^#ifndef %s\n#define %s$" % (guard, guard), text, re.MULTILINE):
        yield 1, "include guard %s is missing" % guard


def vague_name(path, text):
    """File names that say nothing."""
    words = set(re.split(r"[^a-z]+", path.rsplit("/", 1)[-1].lower()))
    for word in sorted(words & _VAGUE_WORDS):
        yield 1, "`%s` says nothing: name the file after its noun" % word


def includes(path, text):
    """#include lines outside the allow-list of the file's layer."""
    if path.endswith((".cc", ".h")):
        yield from layers.check_includes(path, text)


def build_layers(path, text):
    """Dependencies and visibility that break the order of the layers."""
    if not path.endswith("BUILD.bazel") or path.startswith("deploy/bazel/"):
        return
    package = path.rpartition("/")[0]
    yield from layers.check_deps(package, text)
    yield from layers.check_visibility(package, text)


ALL = [build_layers, file_length, forbidden_names, function_length, header_shape, includes, locks,
       machine_names, unfinished, vague_name]
