#!/usr/bin/python3
"""README's commands for $LANGUAGE, run as printed against two nodes, print the transcript.

Only the addresses are other ones, the binary that `bazel run` would run is run without it, and what
`npm ci` would install is there already: tests/run installs it.
"""

import os
import re
import subprocess
import unittest

import cluster
from docstore.v1 import cluster_pb2
from node_process import wait_until

# The quickstart's first two nodes, as README names them.
PRINTED_ADDRESSES = ("127.0.0.1:7421", "127.0.0.1:7431")
TIMEOUT_S = 280


def shell_block_after(text, where):
    """Returns the first ```sh block of `text` behind the line that begins with `where`."""
    found = re.search(r"^%s.*?^```sh\n(.*?)^```$" % re.escape(where), text, re.MULTILINE | re.DOTALL)
    if not found:
        raise AssertionError("README.md has no commands after %r" % where)
    return found.group(1)


def commands(language, addresses):
    """Returns README's commands for one language, to be run in the root of the runfiles."""
    with open("README.md", encoding="utf-8") as stream:
        readme = stream.read()
    section = readme[readme.index("## First steps from any language"):]
    block = shell_block_after(section, "**%s**" % language)
    for printed, address in zip(PRINTED_ADDRESSES, addresses):
        if printed not in block:
            raise AssertionError("the commands for %s do not name %s" % (language, printed))
        block = block.replace(printed, address)
    block = re.sub(r"^npm ci .*\n", "", block, flags=re.MULTILINE)
    block = re.sub(r"^bazel run //([\w/]+):(\w+) -- ", r"\1/\2 ", block, flags=re.MULTILINE)
    return shell_block_after(section, "") + block


class ReadmeTest(cluster.ClusterTest):

    def test_commands_print_the_transcript(self):
        nodes = self.start(2)
        wait_until(lambda: self.members(nodes[0]) == 2, "node1 knows node2")
        script = commands(os.environ["LANGUAGE"], [node.client for node in nodes])
        # Compilers keep caches in the home directory.
        environment = {**os.environ, "HOME": self.folder, "TMPDIR": self.folder}
        environment.pop("PYTHONPATH", None)
        ended = subprocess.run(["bash", "-euo", "pipefail", "-c", script], env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               timeout=TIMEOUT_S, check=False)
        said = "%s\n%s%s" % (script, ended.stdout, ended.stderr)
        self.assertEqual(ended.returncode, 0, said)
        with open("tests/languages/transcript.txt", encoding="utf-8") as stream:
            self.assertEqual(ended.stdout.splitlines(), stream.read().splitlines(), said)

    @staticmethod
    def members(node):
        return len(node.stubs.cluster.GetStatus(cluster_pb2.GetStatusRequest(), timeout=30).nodes)


if __name__ == "__main__":
    unittest.main()
