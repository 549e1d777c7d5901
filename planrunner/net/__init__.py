"""The one door to the network.

Everything that leaves this machine goes through `door.Door`. What happened to a request is one of three: a complete reply,
`NeverSent` (no byte left; our own door says so) or `ReplyUnknown` (at least one byte left and no complete reply came).
"""
