"""`python at_once.py URL PLAN...`: the command `planrunner run PLAN --sandbox URL` in a process for each plan, all at one moment.

What the command imports is imported once, before it forks: otherwise they would come to the venue one by one. Says `gone` when
all are on their way, and each plan with its exit code when it is over; what it said for people is in PLAN.told.
"""

import os
import sys

import planrunner.app.hands
import planrunner.app.running
import planrunner.app.venues
import planrunner.cli.progress
import planrunner.cli.report
import planrunner.cli.run
import planrunner.net.socket_wire
import planrunner.plan.pipeline
import planrunner.report.html
import planrunner.report.project
import planrunner.report.text
import planrunner.report.to_json
import planrunner.runtime.discreet
import planrunner.runtime.journal
import planrunner.venues.betfair.venue  # noqa: F401
from planrunner.cli.main import main


def child(url, plan, gate):
    told = os.open(f"{plan}.told", os.O_WRONLY | os.O_CREAT)
    os.dup2(told, 1)
    os.dup2(told, 2)
    os.read(gate, 1)  # ends when the gate is closed by the last who holds it
    main(["run", plan, "--sandbox", url])


def all_at_once(url, plans):
    gate, opener = os.pipe()
    plan_of = {}
    for plan in plans:
        process = os.fork()
        if not process:
            os.close(opener)
            try:
                child(url, plan, gate)
            except SystemExit as over:
                sys.stdout.flush()
                os._exit(over.code)
        plan_of[process] = plan
    os.close(opener)
    print("gone", flush=True)
    while plan_of:
        process, status = os.wait()
        print(plan_of.pop(process), os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    all_at_once(sys.argv[1], sys.argv[2:])
