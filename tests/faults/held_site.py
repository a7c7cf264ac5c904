"""The site with a brake, for workers that are killed, hang or leave: a save stops before or after its commit.

The file $HOLD_AT says where (before, after); it is taken away by the worker that stops, which then writes its
own process id into the pipe $HOLD_PIPE and waits to be killed, to be told to leave (SIGTERM), or to go on
(SIGUSR1).
"""

import os
import signal
from pathlib import Path

from wardplan.wsgi import application  # isort: skip  (sets Django up)
from reviews import workflow
from reviews.views import review

__all__ = ["application"]

WHERE = Path(os.environ["HOLD_AT"])
SIGNALS = {signal.SIGTERM, signal.SIGUSR1}


def stop_once(place):
    if WHERE.exists() and WHERE.read_text() == place:
        WHERE.unlink()
        # Held back until it is waited for: it may come before the next line is reached.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        with open(os.environ["HOLD_PIPE"], "w") as pipe:
            pipe.write(str(os.getpid()))
        told = signal.sigwaitinfo(SIGNALS).si_signo
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        signal.raise_signal(told)


def held_before(act):
    def held(*args, **kwargs):
        event = act(*args, **kwargs)
        stop_once("before")
        return event

    return held


def held_after(act):
    def held(*args, **kwargs):
        stop_once("after")
        return act(*args, **kwargs)

    return held


# The row and its event are written, and not committed; and the first thing that happens after the commit.
workflow.record = held_before(workflow.record)
review._tell = held_after(review._tell)
