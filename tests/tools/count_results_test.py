#!/usr/bin/python3
"""Counting of test cases, on small event files."""

import json
import os
import tempfile
import unittest

import count_results


class CountTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def result(self, label, status, report, attempt=1):
        path = os.path.join(self.folder.name, "%s %d.xml" % (label.strip("/:"), attempt))
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(report)
        uri = "file://" + path.replace(" ", "%20")
        return json.dumps({"id": {"testResult": {"label": label, "run": 1, "attempt": attempt}},
                           "testResult": {"status": status,
                                          "testActionOutput": [{"name": "test.xml", "uri": uri}]}})

    def test_cases_of_a_report(self):
        report = ('<testsuites><testsuite><testcase name="A" classname="C" status="run"/>'
                  '<testcase name="B" classname="C"><failure message="no"/></testcase>'
                  '<testcase name="D" status="notrun"/><testcase name="E"><skipped/></testcase>'
                  '</testsuite></testsuites>')
        self.assertEqual(count_results.count([self.result("//a", "FAILED", report)]), (1, ["//a C.B"]))

    def test_target_that_did_not_build(self):
        event = json.dumps({"id": {"targetCompleted": {"label": "//a:b"}}, "completed": {}})
        self.assertEqual(count_results.count([event]), (0, ["//a:b (did not build)"]))

    def test_target_that_built_is_no_case(self):
        event = json.dumps({"id": {"targetCompleted": {"label": "//a:b"}}, "completed": {"success": True}})
        self.assertEqual(count_results.count([event]), (0, []))

    def test_unreadable_report_of_a_crash(self):
        self.assertEqual(count_results.count([self.result("//a", "TIMEOUT", "<testsuites><tes")]),
                         (0, ["//a (timeout)"]))

    def test_failure_without_a_failing_case(self):
        report = '<testsuites><testsuite><testcase name="A"/></testsuite></testsuites>'
        self.assertEqual(count_results.count([self.result("//a", "FAILED", report)]), (1, ["//a (failed)"]))

    def test_later_attempt_replaces_the_earlier(self):
        bad = '<testsuite><testcase name="A"><failure/></testcase></testsuite>'
        good = '<testsuite><testcase name="A"/></testsuite>'
        lines = [self.result("//a", "FAILED", bad, 1), self.result("//a", "PASSED", good, 2)]
        self.assertEqual(count_results.count(lines), (1, []))

    def test_nothing_ran(self):
        path = os.path.join(self.folder.name, "events")
        with open(path, "w", encoding="utf-8"):
            pass
        self.assertEqual(count_results.main(["count_results", path]), 1)
        self.assertEqual(count_results.main(["count_results", path + ".missing"]), 1)


if __name__ == "__main__":
    unittest.main()
