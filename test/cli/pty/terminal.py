"""Runs a program on a pseudo-terminal. Its output goes to stdout, unchanged. Each line on stdin is one JSON command:
{"type": "text"} types at the keyboard, {"resize": [columns, rows]} changes the size, {"hangup": true} closes the terminal.
The exit code is that of the program, or 128 and the number of the signal that ended it."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    columns, rows = int(sys.argv[1]), int(sys.argv[2])
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(sys.argv[3], sys.argv[3:])
    resize(terminal, columns, rows)
    os.kill(child, signal.SIGWINCH)
    pending = b""
    sources = [terminal, 0]
    while terminal in sources:
        for source in select.select(sources, [], [])[0]:
            if source == terminal:
                try:
                    data = os.read(terminal, 65536)
                except OSError:
                    data = b""
                if not data:
                    sources.remove(terminal)
                    break
                os.write(1, data)
                continue
            data = os.read(0, 65536)
            if not data:
                sources.remove(0)
                continue
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                command = json.loads(line)
                if "type" in command:
                    os.write(terminal, command["type"].encode())
                elif "resize" in command:
                    resize(terminal, *command["resize"])
                elif "hangup" in command:
                    os.close(terminal)
                    sources.remove(terminal)
    status = os.waitpid(child, 0)[1]
    sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
