"""`python -m autokeras_nas_cli`, the same as `autokeras-nas`."""

from autokeras_nas_cli.main import main

main()
