"""The words everything else is written in: frozen values without clock, chance, network or disk.

Nothing here imports anything else of planrunner; every other package imports from here.
"""
