#!/usr/bin/python3
"""The lint: rules of server/ARCHITECTURE.md and of the house style that no compiler checks.

usage: lint.py [ROOT]

Prints `path:line: rule: message` for every finding and exits 1 when there is one. Every rule has a
test in lint_test.py that shows it failing.
"""

import os
import subprocess
import sys

import rules

TOP_LEVEL = {"BUILD.bazel", "README.md", "WORKSPACE", "client", "deploy", "proto", "server", "tests"}
# Made by tools and kept out of git.
_GENERATED = {"compile_commands.json", "node_modules", "__pycache__"}
# Written by tools; their form is not ours.
_FOREIGN = ("package-lock.json",)
_CLANG_FORMAT_FILES_MAX = 100  # files a clang-format call


def files(root):
    """Returns the paths of all files of the project, relative to `root`, sorted."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders
                      if name not in _GENERATED and not name.startswith("bazel-")
                      and (not name.startswith(".") or name == ".ci")]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root)
            if name not in _GENERATED and not path.startswith("bazel-") and name != ".git":
                found.append(path)
    return sorted(found)


def text_of(path):
    """Returns the file's text, or None when it is not UTF-8."""
    with open(path, "rb") as stream:
        content = stream.read()
    try:
        return None if b"\0" in content else content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def top_level(paths):
    """Yields (path, 1, message) for what does not belong beside WORKSPACE; dotfiles may."""
    for name in sorted({path.split("/")[0] for path in paths}):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield name, 1, "the top level holds %s and nothing else" % ", ".join(sorted(TOP_LEVEL))


def formatting(root, paths):
    """Yields (path, line, message) where clang-format would change a C++ file."""
    sources = [path for path in paths if path.endswith((".cc", ".h"))]
    for start in range(0, len(sources), _CLANG_FORMAT_FILES_MAX):
        checked = subprocess.run(
            ["clang-format", "--dry-run", *sources[start:start + _CLANG_FORMAT_FILES_MAX]],
            cwd=root, stderr=subprocess.PIPE, text=True, check=False)
        seen = set()
        for line in checked.stderr.splitlines():
            fields = line.split(":", 3)
            if len(fields) == 4 and "[-Wclang-format-violations]" in line and fields[0] not in seen:
                seen.add(fields[0])
                yield fields[0], int(fields[1]), "not as clang-format writes it"
        if checked.returncode != 0 and not seen:
            yield ".clang-format", 1, "clang-format failed: %s" % checked.stderr.strip()


def findings(root):
    """Returns [(path, line, rule, message)] of the whole tree, sorted."""
    paths = files(root)
    found = [(*finding[:2], "top_level", finding[2]) for finding in top_level(paths)]
    for path in paths:
        text = text_of(os.path.join(root, path))
        if text is None or path.endswith(_FOREIGN):
            continue
        for rule in rules.ALL:
            found += [(path, line, rule.__name__, message) for line, message in rule(path, text)]
    found += [(*finding[:2], "formatting", finding[2]) for finding in formatting(root, paths)]
    return sorted(found)


def main(argv):
    here = os.path.dirname(os.path.abspath(__file__))
    root = argv[1] if len(argv) > 1 else os.path.dirname(os.path.dirname(here))
    found = findings(root)
    for path, line, rule, message in found:
        print("%s:%d: %s: %s" % (path, line, rule, message))
    print("lint: %d findings in %d files" % (len(found), len(files(root))))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
