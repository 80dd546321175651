#!/usr/bin/python3
"""The shell against a real node: exit codes, ways in and out, import and export."""

import json
import os
import unittest

import cluster
import shell


class ShellTest(cluster.ClusterTest):

    def setUp(self):
        super().setUp()
        self.server = self.node("node1").start().client

    def run_line(self, line, code=shell.OK):
        return shell.execute(self.server, line, code)

    def path(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(text)
        return path

    def assert_tells(self, outcome):
        """An error stands on stderr, with a line that says what to do."""
        self.assertEqual(outcome.out, "")
        self.assertGreaterEqual(len(outcome.err.strip().splitlines()), 2, outcome)

    def test_exit_codes(self):
        version = self.run_line('put c/1 {"a":1}').lines()[0]["version"]
        self.run_line('put c/1 {"a":2}')
        self.assertEqual(self.run_line("get c/1").json(), {"_id": "1", "a": 2})
        self.assert_tells(self.run_line("frobnicate", shell.USAGE))
        self.assert_tells(self.run_line("put c/1", shell.USAGE))
        self.assert_tells(self.run_line("get c/none", shell.NOT_FOUND))
        self.assert_tells(self.run_line("del c/none", shell.NOT_FOUND))
        self.assert_tells(self.run_line('put c/1 {"a":3} --if-absent', shell.CONDITION))
        self.assert_tells(self.run_line('put c/1 {"a":3} --if-version ' + version, shell.CONDITION))
        self.assert_tells(self.run_line('put c/1 {"a":1,"a":2}', shell.FAILED))
        self.assert_tells(shell.execute("127.0.0.1:1", "get c/1", shell.UNREACHABLE))
        self.assertEqual(shell.run(self.server, "--no-such-flag").code, shell.USAGE)
        self.assertEqual(shell.run(self.server, "--output", "yaml", "-e", "get c/1").code, shell.USAGE)
        self.assertEqual(shell.run(None, "--help").code, shell.OK)

    def test_exit_code_of_a_partial_import(self):
        path = self.path("mixed.jsonl", '{"_id":"1"}\n{"_id":"2","x":1,"x":2}\n{"_id":"3"}\n')
        outcome = self.run_line("import c " + path, shell.PARTIAL)
        self.assertIn("line 2", outcome.err)
        self.assertEqual(outcome.lines()[0]["imported"], 2)
        self.assertEqual([each["_id"] for each in self.run_line("list c").lines()], ["1", "3"])

    def test_commands_from_arguments_file_and_stdin(self):
        commands = '# a comment\nput c/1 {\n  "a": 1\n}\n\nget c/1\n'
        expected = {"_id": "1", "a": 1}
        outcomes = [shell.run(self.server, "-e", 'put c/1 {"a":1}', "-e", "get c/1"),
                    shell.run(self.server, "-f", self.path("commands", commands)),
                    shell.run(self.server, stdin=commands.encode()),
                    shell.run(self.server, "-f", "-", stdin=commands.encode())]
        for outcome in outcomes:
            self.assertEqual(outcome.code, shell.OK, outcome)
            self.assertEqual(outcome.lines()[1], expected)
            self.assertEqual(sorted(outcome.lines()[0]), ["id", "version"])

    def test_first_failure_stops_unless_told(self):
        commands = b"get c/none\nput c/after {}\n"
        self.assertEqual(shell.run(self.server, stdin=commands).code, shell.NOT_FOUND)
        self.run_line("get c/after", shell.NOT_FOUND)
        self.assertEqual(shell.run(self.server, "--keep-going", stdin=commands).code, shell.NOT_FOUND)
        self.run_line("get c/after")

    def test_unfinished_json_is_an_error(self):
        outcome = shell.run(self.server, stdin=b'put c/1 {"a":')
        self.assertEqual(outcome.code, shell.USAGE)
        self.assertIn("stdin:1", outcome.err)

    def test_odd_ids_and_text_come_back_as_written(self):
        self.run_line('put c/"a b/\\"c" {"n":12345678901234567890123,"x":1.10,"s":"\\u00e9"}')
        self.assertEqual(self.run_line('get c/"a b/\\"c"').out,
                         '{"_id":"a b/\\"c","n":12345678901234567890123,"x":1.10,"s":"\\u00e9"}\n')
        made = self.run_line('put c {"a":1}').lines()[0]["id"]
        self.assertEqual(self.run_line("get c/" + made).json(), {"_id": made, "a": 1})

    def test_get_all_as_json(self):
        self.run_line('put c/1 {"a":1}')
        read = shell.run(self.server, "--output", "json", "-e", "get c/1 --all").json()
        self.assertEqual(sorted(read), ["doc", "id", "resolve_context", "siblings", "version"])
        self.assertEqual((read["id"], read["doc"], read["siblings"]), ("1", {"a": 1}, []))

    def test_import_of_an_array_below_a_member(self):
        records = [{"alpha_2": "NO", "name": "Norway"}, {"alpha_2": "IS", "name": "Iceland"}]
        path = self.path("countries.json", json.dumps({"3166-1": records}, indent=2))
        outcome = self.run_line("import countries %s --at 3166-1 --id-field alpha_2" % path)
        self.assertEqual(outcome.lines()[0]["imported"], 2)
        self.assertEqual(self.run_line("get countries/NO").json(), {"_id": "NO", **records[0]})
        self.assertEqual([each["_id"] for each in self.run_line("list countries").lines()], ["IS", "NO"])
        self.run_line("import countries %s --at nothing" % path, shell.FAILED)
        self.run_line("import countries %s" % self.path("missing"), shell.FAILED)

    def test_export_and_import_give_the_same_bytes(self):
        lines = '{"_id":5,"x":1.50}\n{"_id":"b","t":"\\u0001 \\"q\\""}\n{"_id":[1,2],"deep":{"a":[{}]}}\n'
        self.run_line("import c " + self.path("in.jsonl", lines))
        first = self.run_line("export c").out
        self.assertEqual([json.loads(line)["_id"] for line in first.splitlines()], ["5", "[1,2]", "b"])
        self.run_line("export c " + self.path("out.jsonl"))
        with open(self.path("out.jsonl"), encoding="utf-8") as stream:
            self.assertEqual(stream.read(), first)
        self.run_line("import again " + self.path("out.jsonl"))
        self.assertEqual(self.run_line("export again").out, first)
        piped = shell.run(self.server, "-e", "import piped -", stdin=first.encode())
        self.assertEqual(piped.code, shell.OK, piped)
        self.assertEqual(self.run_line("export piped").out, first)

    def test_other_servers_of_the_list_are_tried(self):
        outcome = shell.execute("127.0.0.1:1," + self.server, 'put c/1 {"a":1}')
        self.assertEqual(outcome.lines()[0]["id"], "1")

    def test_list_and_collections(self):
        for key in ("a1", "a2", "b1"):
            self.run_line("put c/%s {}" % key)
        listed = lambda line: [each["_id"] for each in self.run_line(line).lines()]
        self.assertEqual(listed("list c prefix a"), ["a1", "a2"])
        self.assertEqual(listed("list c from a2"), ["a2", "b1"])
        self.assertEqual(listed("list c limit 1"), ["a1"])
        self.run_line("del c/a1")
        self.assertEqual(listed("list c"), ["a2", "b1"])
        [collection] = self.run_line("collections").lines()
        self.assertEqual((collection["name"], collection["document_count"]), ("c", 2))

    def test_every_verb_has_help_with_two_examples(self):
        verbs = ["put", "get", "del", "list", "collections", "conflicts", "resolve", "import", "export",
                 "cluster status", "wait converged"]
        overview = self.run_line("help").out
        for verb in verbs:
            self.assertIn(verb, overview)
            examples = self.run_line("help " + verb).out.split("examples:")[1]
            self.assertGreaterEqual(examples.count("\n  " + verb), 2, verb)


if __name__ == "__main__":
    unittest.main()
