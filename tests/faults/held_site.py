"""The site with a brake, for workers that are killed: a save stops before or after its commit.

The file $HOLD_AT says where (before, after); it is taken away by the worker that stops, which then writes its
own process id into the pipe $HOLD_PIPE and waits to be killed.
"""

import os
import signal
from pathlib import Path

from wardplan.wsgi import application  # isort: skip  (sets Django up)
from reviews import workflow
from reviews.views import review

__all__ = ["application"]

WHERE = Path(os.environ["HOLD_AT"])


def stop_once(place):
    if WHERE.exists() and WHERE.read_text() == place:
        WHERE.unlink()
        with open(os.environ["HOLD_PIPE"], "w") as pipe:
            pipe.write(str(os.getpid()))
        signal.pause()


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
