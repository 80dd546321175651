#!/usr/bin/python3
"""The protos obey buf's STANDARD lint rules and break nothing that the last release promised.

baseline/protos.binpb is the last release's protos; a release renews it with
    tests/proto/node_modules/.bin/buf build proto --exclude-source-info -o tests/proto/baseline/protos.binpb
"""

import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.realpath("WORKSPACE"))
BUF = os.path.join(ROOT, "tests/proto/node_modules/.bin/buf")
BASELINE = os.path.realpath("tests/proto/baseline/protos.binpb")


class ProtoTest(unittest.TestCase):

    def setUp(self):
        self.assertTrue(os.path.exists(BUF), "buf is not installed: tests/run installs it")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        self.protos = os.path.join(folder.name, "proto")
        shutil.copytree(os.path.realpath("proto"), self.protos, ignore=shutil.ignore_patterns("BUILD*"))

    def buf(self, *arguments):
        """Returns (exit code, output) of buf in a copy of the protos."""
        environment = {"HOME": self.home, "PATH": "/usr/local/bin:/usr/bin:/bin"}
        ran = subprocess.run([BUF, *arguments], cwd=self.protos, env=environment, text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return ran.returncode, ran.stdout

    def change(self, path, old, new):
        path = os.path.join(self.protos, path)
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        self.assertIn(old, text)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text.replace(old, new, 1))

    def test_lint_finds_nothing(self):
        self.assertEqual(self.buf("lint"), (0, ""))

    def test_lint_finds_a_planted_fault(self):
        self.change("docstore/v1/document.proto", "message Conflict {", "message conflict_row {}\n\nmessage Conflict {")
        code, output = self.buf("lint")
        self.assertNotEqual(code, 0)
        self.assertIn("conflict_row", output)

    def test_nothing_released_breaks(self):
        self.assertEqual(self.buf("breaking", "--against", BASELINE), (0, ""))

    def test_removed_field_breaks(self):
        self.change("docstore/v1/document.proto", "  bool include_siblings = 3;\n", "")
        code, output = self.buf("breaking", "--against", BASELINE)
        self.assertNotEqual(code, 0)
        self.assertIn("include_siblings", output)

    def test_renumbered_field_between_nodes_breaks(self):
        self.change("docstore/peer/v1/frame.proto", "  uint64 seq = 2;", "  uint64 seq = 3;")
        code, output = self.buf("breaking", "--against", BASELINE)
        self.assertNotEqual(code, 0)
        self.assertIn("seq", output)


if __name__ == "__main__":
    unittest.main()
