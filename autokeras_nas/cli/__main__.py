"""`python -m autokeras_nas.cli`, the same as `autokeras-nas`."""

from autokeras_nas.cli import main

main()
