"""From a plan's text to its values, or to all that is wrong with it in the author's words.

`pipeline` is the one door. Nothing here touches a disk, a clock or a network: whoever calls hands in `read(name) -> bytes`.
"""
