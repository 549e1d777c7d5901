"""Embedded venues to rehearse against: a world of fixtures and other punters, and a server per venue that speaks its wire.

Written from each venue's documentation; nothing here is shared with the adapters, or one misreading would agree with itself.
"""
