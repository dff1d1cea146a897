"""What a gateway runs in when its world is played: a clock that jumps, a network in memory, a store thread inline.

The daemon, its sessions, sweeps and store are the real ones; `gateway/world.py` is the seam. Used by rehearsals and
by the tests that break things on purpose.
"""
