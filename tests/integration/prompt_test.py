#!/usr/bin/python3
"""The prompt of the shell in a pseudo terminal."""

import unittest

import cluster
from terminal import Terminal


class PromptTest(cluster.ClusterTest):

    def open(self, server):
        terminal = Terminal(["--server", server], self.folder)
        self.addCleanup(terminal.close)
        return terminal

    def test_prompt_names_node_and_state(self):
        terminal = self.open(self.node("node1").start().client)
        terminal.expect("node1 ok>")
        terminal.type('put orders/42 {"customer":"Ada"}\n')
        terminal.expect("node1 ok>")
        terminal.type("get orders/42\n")
        self.assertIn("Ada", terminal.expect("node1 ok>"))
        terminal.type("get orders/43\n")
        self.assertIn("error:", terminal.expect("node1 ok>"))
        terminal.type("quit\n")
        self.assertEqual(terminal.wait(), 0)

    def test_end_of_input_leaves(self):
        terminal = self.open(self.node("node1").start().client)
        terminal.expect("node1 ok>")
        terminal.press("\x04")
        self.assertEqual(terminal.wait(), 0)

    def test_prompt_without_a_server(self):
        node = self.node("node1").start()
        terminal = self.open(node.client)
        terminal.expect("node1 ok>")
        node.kill()
        terminal.type("get a/b\n")
        shown = terminal.expect(">")
        terminal.expect("error:")
        self.assertNotIn("Aborted", shown)
        terminal.type("quit\n")
        self.assertEqual(terminal.wait(), 0)


if __name__ == "__main__":
    unittest.main()
