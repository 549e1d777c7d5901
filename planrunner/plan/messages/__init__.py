"""Every message planrunner has for a plan's author, each built in one place: what is wrong, and what to write instead.

They speak in the present, name the thing with the author's own text, and never show a type, a pattern or a trace.
"""
