"""Terminal: the `docstore` shell in a pseudo terminal, as a user would sit before it."""

import os
import pty
import re
import select
import signal
import termios
import time

import shell
from node_process import DEADLINE_S

# Cursor movement and colours between the characters.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Terminal:
    """A shell at the other end of a pseudo terminal."""

    def __init__(self, arguments, home):
        self.shown = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            environment = {"TERM": "xterm", "HOME": home, "TMPDIR": home,
                           "PATH": os.environ.get("PATH", "/usr/bin:/bin")}
            os.execve(shell.DOCSTORE, [shell.DOCSTORE, *arguments], environment)

    def type(self, text):
        self.shown = ""
        os.write(self.descriptor, text.encode())

    def press(self, key):
        """Types `key` once the shell reads keys: to one that reads lines, an end of input is none."""
        end = time.monotonic() + DEADLINE_S
        while termios.tcgetattr(self.descriptor)[3] & termios.ICANON and time.monotonic() < end:
            time.sleep(0.01)
        self.type(key)

    def expect(self, text):
        """Reads until `text` is shown and returns everything since the last `type`."""
        end = time.monotonic() + DEADLINE_S
        while text not in self.shown:
            ready, _, _ = select.select([self.descriptor], [], [], max(0, end - time.monotonic()))
            try:
                got = os.read(self.descriptor, 65536) if ready else b""
            except OSError:  # the shell has ended
                got = b""
            if not got:
                raise AssertionError("%r not shown, but: %r" % (text, self.shown))
            self.shown = _ESCAPES.sub("", self.shown + got.decode("utf-8", "replace"))
        return self.shown

    def wait(self):
        """Returns the exit code, once the shell has ended by itself."""
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            ready, _, _ = select.select([self.descriptor], [], [], 0.1)
            try:
                if ready and not os.read(self.descriptor, 65536):
                    break
            except OSError:
                break
        else:
            raise AssertionError("the shell goes on, and shows %r" % self.shown)
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.descriptor)
