"""From journal to story: what a run was asked, what it did, what came of it, in words a bettor would use.

`project.tell` makes a `Story` of the records; `text`, `to_json` and `html` show it. All pure: a report can be told again at any
time, of any part of a journal, and equal records give equal bytes.
"""
