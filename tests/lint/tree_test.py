#!/usr/bin/python3
"""The lint finds nothing in this repository."""

import os
import unittest

import lint


class RepositoryTest(unittest.TestCase):

    def test_has_no_findings(self):
        root = os.path.dirname(os.path.realpath("WORKSPACE"))
        found = ["%s:%d: %s: %s" % finding for finding in lint.findings(root)]
        self.assertGreater(len(lint.files(root)), 50)
        self.assertEqual(found, [], "\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main()
