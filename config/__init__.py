"""What an operator may change. Data, no code."""
