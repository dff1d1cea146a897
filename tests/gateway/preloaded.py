"""What a process of the tests has loaded before it begins: all commands, and what daemon and carriers load later.

Only the process that the others are forked from (started.py) imports this.
"""

import gc
import importlib
import os
import sys

for stream in (1, 2):  # what loads here has no terminal, so neither has what prints later
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream)

LATER = (
    "carriers.link",
    "carriers.simulator.server",
    "carriers.simulator.steering",
    "gateway.check",
    "gateway.daemon",
    "gateway.fsck",
    "gateway.pump",
    "tests.gateway.started",
    "twisted.internet.asyncioreactor",
)

cli = importlib.import_module("gateway.cli")
for name in (*(f"gateway.cli.{noun}" for noun in cli.NOUNS), *LATER):
    importlib.import_module(name)
assert "twisted.internet.reactor" not in sys.modules, "each process installs its own"
gc.freeze()
