"""The auditor: reads the journal's export and the venue's own log, and says in words where the two can't both be true.

It decides nothing and shares no code with what it audits, neither parsing nor arithmetic: a mistake made twice in one piece of
code would agree with itself. Pure: lines in, findings out; a file that is damaged is a finding, never an exception.
"""
