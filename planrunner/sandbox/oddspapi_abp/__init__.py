"""OddsPapi ABP, a router to bookmakers, as its facts sheet describes it.

How its numbers come about, so that a plan can name them (`GET /sandbox/fixtures` of the control API lists them all): `ids`.
"""
