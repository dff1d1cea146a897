"""`python -m gateway` is `xinqiao`."""

from gateway.cli import main

main()
