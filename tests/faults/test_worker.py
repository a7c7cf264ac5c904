"""A worker of a real server is killed, hangs, or is replaced in the middle of a save (C1, C2, C35, C36)."""

import http.client
import os
import signal

import pytest

from tests.cast import snapshot
from tests.faults.site import Site, read, stretch_to_the_servers_clock, url_of_the_database
from tests.faults.typed import COMPLETE, FORM, says_that_it_is_kept

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def serve(tmp_path, cast):
    """Run the site on the database of this test."""
    sites = []

    def serve(*options):
        session = stretch_to_the_servers_clock(cast)
        sites.append(Site(tmp_path, url_of_the_database(), session, *options))
        return sites[-1]

    yield serve
    for site in sites:
        site.stop()


def saved_once(cast, site):
    """Send the same again, as whoever saw no answer does: it is there once."""
    assert site.answer(FORM, version=0, **COMPLETE)[0] == 302
    assert [event.verb for event in cast.events()] == ["save"]
    return (cast.review().version, cast.review().answers) == (1, COMPLETE)


@pytest.mark.parametrize("place", ["before", "after"])
def test_worker_killed_around_the_commit(cast, serve, sound, place):
    site = serve("--graceful-timeout", "1")
    before = snapshot()
    site.hold(place)
    first = site.send(FORM, version=0, **COMPLETE)
    os.kill(site.stopped_worker(), signal.SIGKILL)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        first.getresponse()
    if place == "before":
        assert snapshot() == before
    else:
        assert [event.verb for event in cast.events()] == ["save"]
    sound()
    assert saved_once(cast, site)
    sound()


# ---- C35 -------------------------------------------------------------------------------------------------


def test_worker_that_hangs_is_ended_and_leaves_no_lock(cast, serve, sound):
    site = serve("--config", "gunicorn.conf.py", "--timeout", "1")
    before = snapshot()
    site.hold("before")
    first = site.send(FORM, version=0, **COMPLETE)
    site.stopped_worker()
    status, page = read(first)
    assert status == 500
    assert says_that_it_is_kept(page)
    assert snapshot() == before
    sound()
    assert saved_once(cast, site)
    sound()


# ---- C36 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGTERM], ids=["reload", "stop"])
def test_save_under_way_is_finished_before_the_worker_goes(cast, serve, sound, how):
    site = serve("--graceful-timeout", "20")
    site.hold("before")
    first = site.send(FORM, version=0, **COMPLETE)
    worker = site.stopped_worker()
    site.process.send_signal(how)
    status, _ = read(first)
    assert status == 302
    assert (cast.review().version, cast.review().answers) == (1, COMPLETE)
    sound()
    if how == signal.SIGHUP:
        assert site.answer(FORM, version=1, **COMPLETE | {"outlook": 1})[0] == 302
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
        assert cast.review().version == 2
    else:
        assert site.process.wait(10) == 0
