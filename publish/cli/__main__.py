"""`python -m publish.cli`: the commands without the script that an installation makes."""

from publish.cli import main

main()
