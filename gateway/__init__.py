"""The daemon and its faces: it runs what carriers, roster and routing describe."""
