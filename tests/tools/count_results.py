#!/usr/bin/python3
"""Counts the test cases of one `bazel test` from its build events.

usage: count_results.py EVENTS   (a file of --build_event_json_file)

Prints failing cases by name and, as its last line, `N passed, N failed`. A target that did not
build, timed out or left no readable report counts as one failed case. Exits 1 when a case failed or
when none ran.
"""

import json
import os
import sys
import urllib.parse
import xml.etree.ElementTree


def cases_in_report(path):
    """Returns (passed, [failed names]) of a JUnit report; raises OSError or ParseError."""
    passed, failed = 0, []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = ".".join(filter(None, [case.get("classname"), case.get("name")]))
        if case.get("status") == "notrun" or case.find("skipped") is not None:
            continue
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        else:
            passed += 1
    return passed, failed


def report_path(result):
    """Returns the path of the report in a testResult event, or None."""
    for output in result.get("testActionOutput", []):
        if output.get("name") == "test.xml":
            return urllib.parse.unquote(urllib.parse.urlparse(output.get("uri", "")).path)
    return None


def count_one(label, result):
    """Returns (passed, [failed names]) of one testResult event."""
    succeeded = result.get("status") in ("PASSED", "FLAKY")
    path = report_path(result)
    try:
        passed, failed = cases_in_report(path) if path and os.path.exists(path) else (0, [])
    except xml.etree.ElementTree.ParseError:
        passed, failed = 0, []
    if succeeded and not failed:
        # A script without cases of its own counts as one; a target whose cases were all skipped does not.
        return (passed if path else 1), []
    if not failed:
        failed = ["(%s)" % result.get("status", "no status").lower()]
    return passed, ["%s %s" % (label, name) for name in failed]


def count(lines):
    """Returns (passed, [failed names]) of a whole run, given the lines of its event file."""
    passed, failed = 0, []
    latest = {}
    for line in lines:
        event = json.loads(line)
        identity = event.get("id", {})
        if "testResult" in identity and "testResult" in event:
            key = identity["testResult"]
            # A later attempt of the same test replaces the earlier one.
            latest[(key["label"], key.get("run"), key.get("shard"))] = event["testResult"]
        elif "targetCompleted" in identity and not event.get("completed", {}).get("success"):
            failed.append("%s (did not build)" % identity["targetCompleted"]["label"])
        elif "pattern" in identity and "aborted" in event:
            failed.append("%s" % event["aborted"].get("description", "a target pattern"))
    for (label, _, _), result in sorted(latest.items(), key=lambda item: str(item[0])):
        case_passed, case_failed = count_one(label, result)
        passed += case_passed
        failed += case_failed
    return passed, failed


def main(argv):
    try:
        with open(argv[1], encoding="utf-8") as events:
            passed, failed = count(events)
    except (OSError, ValueError) as error:
        print("count_results: cannot read the build events: %s" % error, file=sys.stderr)
        passed, failed = 0, ["(no build events)"]
    for name in failed:
        print("FAILED %s" % name)
    print("%d passed, %d failed" % (passed, len(failed)))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
