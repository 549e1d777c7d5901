"""planrunner places orders from YAML plans: nothing twice, nothing lost, nothing guessed, everything explained."""

__version__ = "0.1.0"
