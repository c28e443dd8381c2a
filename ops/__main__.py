"""python -m ops: the pushproof command without an installation."""

from ops.cli import main

main()
