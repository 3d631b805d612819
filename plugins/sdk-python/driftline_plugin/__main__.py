"""`python -m driftline_plugin`."""

from .build import main

main()
