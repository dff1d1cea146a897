"""A year of Feixiang, played: what a county texts and what its office does, on a clock that jumps.

Everything goes through the gateway's own daemon and the simulated carriers; nothing is written into its tables past
them. In the end the program's own reports are compared with what was planned and with what the phones got.
"""
