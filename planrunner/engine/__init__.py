"""Decisions: from a plan and the facts so far to what is sent next. Pure; time is `event.at`."""
