"""Processor time of the built program against an empty Node script, by turns: npm run build && npm run bench:cli"""

import os
import resource
import subprocess
import sys
import tempfile

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
PROGRAM = os.path.join(os.path.dirname(__file__), "..", "dist", "cli.js")

with tempfile.TemporaryDirectory() as folder:
    empty = os.path.join(folder, "empty.mjs")
    open(empty, "w").close()
    env = {**os.environ, "SIGNALBOX_HUB_FOLDER": folder, "XDG_CONFIG_HOME": folder}
    hub = subprocess.Popen(["node", PROGRAM, "up", "--demo", "--no-gateway", "--json"], env=env, stdout=subprocess.PIPE)
    hub.stdout.readline()
    commands = [[empty]] + [[PROGRAM, *words] for words in (["--help"], ["ls"], ["complete", "--", "ask", "ccc/"])]
    spent = [[] for _ in commands]

    def children():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    for _ in range(ROUNDS):
        for index, command in enumerate(commands):
            before = children()
            subprocess.run(["node", *command], env=env, stdout=subprocess.DEVNULL, check=True)
            spent[index].append(children() - before)
    hub.terminate()
    hub.wait()
    medians = [sorted(times)[len(times) // 2] for times in spent]
    for command, median in zip(commands, medians):
        name = " ".join(command[1:]) or "an empty script"
        print(f"{median * 1000:6.0f} ms  {median / medians[0]:.2f} x  {name}")
