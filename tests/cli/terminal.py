"""The command behind a pseudo-terminal, and what a user would see: a small terminal emulator that knows the sequences the editor writes and refuses others."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


def width_of(character):
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """Rows of cells with a cursor; a full row waits with wrapping until the next character, as terminals do."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cells = [[" "] * columns for _ in range(rows)]
        self.colours = [[""] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.colour = ""

    def line_feed(self):
        if self.row + 1 < self.rows:
            self.row += 1
            return
        for grid, empty in ((self.cells, " "), (self.colours, "")):
            grid.pop(0)
            grid.append([empty] * self.columns)

    def put(self, character):
        width = width_of(character)
        if width == 0:
            if self.column:
                self.cells[self.row][self.column - 1] += character
            return
        if self.column + width > self.columns:
            self.column = 0
            self.line_feed()
        for i in range(width):
            self.cells[self.row][self.column + i] = character if i == 0 else ""
            self.colours[self.row][self.column + i] = self.colour
        self.column += width

    def erase(self, first, last, row):
        for column in range(first, last):
            self.cells[row][column], self.colours[row][column] = " ", ""

    def obey(self, mark, numbers, final):
        number = int(numbers.split(";")[0] or 0) if numbers else 0
        if mark:
            assert final in "hl"
        elif final == "A":
            self.row = max(0, self.row - max(1, number))
        elif final == "C":
            self.column = min(self.columns - 1, self.column + max(1, number))
        elif final == "K":
            self.erase(min(self.column, self.columns), self.columns, self.row)
        elif final == "J":
            if number == 2:
                for row in range(self.rows):
                    self.erase(0, self.columns, row)
            else:
                self.erase(self.column, self.columns, self.row)
                for row in range(self.row + 1, self.rows):
                    self.erase(0, self.columns, row)
        elif final == "H":
            self.row = self.column = 0
        elif final == "m":
            self.colour = "" if number == 0 else numbers
        else:
            raise AssertionError(f"unknown sequence {numbers}{final}")

    def feed(self, text):
        at = 0
        while at < len(text):
            match = SEQUENCE.match(text, at)
            if match:
                self.obey(*match.groups())
                at = match.end()
                continue
            character = text[at]
            at += 1
            if character == "\r":
                self.column = 0
            elif character == "\n":
                self.line_feed()
            elif character == "\t":
                self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
            elif character not in "\a\x0e\x0f":
                assert ord(character) >= 0x20, f"control character {character!r}"
                self.put(character)

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]

    def text(self):
        return "\n".join(self.lines()).rstrip()


class Terminal:
    """A command in a terminal of its own; what it prints is fed to `screen` and kept in `raw`."""

    def __init__(self, command, rows=30, columns=80, environment=None):
        self.screen = Screen(rows, columns)
        self.raw = ""
        self.pending = b""
        self.status = None
        base = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "BEDPLATE_HISTORY", "XDG_STATE_HOME")}
        environment = {**base, "TERM": "xterm-256color", "BEDPLATE_HISTORY": "", **(environment or {})}
        environment = {key: value for key, value in environment.items() if value is not None}
        # The size is set before the program starts, so that it never sees another one.
        master, slave = pty.openpty()
        self.master = master
        self.set_size(rows, columns, slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(master)
            os.login_tty(slave) if hasattr(os, "login_tty") else self.login(slave)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(command[0], [str(part) for part in command], environment)
        os.close(slave)

    @staticmethod
    def login(slave):
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for target in range(3):
            os.dup2(slave, target)
        if slave > 2:
            os.close(slave)

    def set_size(self, rows, columns, file=None):
        fcntl.ioctl(self.master if file is None else file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """Take what comes within `seconds`; False at the end."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return None
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        if not data:
            return False
        self.pending += data
        text = self.pending.decode("utf-8", "ignore")
        # keep what may be half a character or half a sequence
        cut = len(self.pending)
        for back in range(1, min(16, len(self.pending)) + 1):
            tail = self.pending[-back:]
            if tail[0] == 0x1B and not SEQUENCE.match(tail.decode("utf-8", "ignore")):
                cut = len(self.pending) - back
            if back <= 3 and tail[0] >= 0xC0 and len(tail) < (2 if tail[0] < 0xE0 else 3 if tail[0] < 0xF0 else 4):
                cut = min(cut, len(self.pending) - back)
        text, self.pending = self.pending[:cut].decode("utf-8", "replace"), self.pending[cut:]
        self.raw += text
        self.screen.feed(text)
        return True

    def wait_for(self, condition, seconds=20):
        """Until condition(self) holds: a text on the screen, or a function."""
        check = condition if callable(condition) else lambda terminal: condition in terminal.screen.text()
        end = time.monotonic() + seconds
        while not check(self):
            if time.monotonic() > end or self.read(0.2) is False:
                if check(self):
                    return self
                raise AssertionError(f"waited for {condition!r}; the screen:\n{self.screen.text()}")
        return self

    def settle(self, quiet=0.15):
        while self.read(quiet):
            pass
        return self

    def send(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        for at in range(0, len(data), 1024):  # a terminal's input queue holds 4096 bytes
            os.write(self.master, data[at : at + 1024])
            if len(data) > 1024:
                self.read(0.01)
        return self

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=20):
        """The exit code; negative: the signal."""
        end = time.monotonic() + seconds
        while self.status is None:
            if self.read(0.05) is False or True:
                done, status = os.waitpid(self.pid, os.WNOHANG)
                if done:
                    self.status = os.waitstatus_to_exitcode(status)
                    self.settle(0.05)
                    break
            assert time.monotonic() < end, f"still running; the screen:\n{self.screen.text()}"
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
