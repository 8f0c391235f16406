"""The command line. What a command needs is imported when it runs, so that the others stay quick."""

from publish.cli import answers, products, reports, warehouse
from publish.cli.app import main

__all__ = ["answers", "main", "products", "reports", "warehouse"]
