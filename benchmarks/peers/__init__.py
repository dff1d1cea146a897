"""The systems beside us, run as their people run them."""
