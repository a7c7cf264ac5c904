"""Walks through the site in a real Chromium. Nothing may go wrong in the browser's eyes on the way either."""

import threading
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.signals import request_finished, request_started
from django.test import Client

PASSWORD = "mihon-2020-himitsu"
DESK = {"width": 1280, "height": 900}


@pytest.fixture(autouse=True)
def answered(transactional_db):
    """Let the server answer what a browser, which is closed by now, still asked, before the rows go."""
    changed = threading.Condition()
    waiting = 0

    def count(step):
        def receive(**_):
            nonlocal waiting
            with changed:
                waiting += step
                changed.notify_all()

        return receive

    asked, done = count(1), count(-1)
    request_started.connect(asked, weak=False)
    request_finished.connect(done, weak=False)
    yield
    with changed:
        assert changed.wait_for(lambda: waiting == 0, timeout=20)
    request_started.disconnect(asked)
    request_finished.disconnect(done)


@pytest.fixture
def watch(live_server):
    """Collect what a page must never do: errors in its scripts, dialogs, requests to other servers."""
    problems = []

    def watch(context):
        context.on("request", lambda request: leaves(request.url))
        context.on("console", on_console)
        context.on("weberror", lambda error: problems.append(f"script: {error.error}"))
        context.on("dialog", on_dialog)

    def leaves(url):
        if urlsplit(url).scheme in ("http", "https") and not url.startswith(live_server.url):
            problems.append(f"request to {url}")

    def on_console(message):
        # A page answered with 403, 404 or 409 is told here too.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            problems.append(f"console: {message.text}")

    def on_dialog(dialog):
        if dialog.type != "beforeunload":
            problems.append(f"dialog: {dialog.message}")
        dialog.accept()

    yield watch
    assert problems == []


@pytest.fixture
def sit_down(cast, live_server, new_context, watch):
    """Give a browser of one's own: sit_down(cast.staff) is logged in, sit_down() is not."""

    def sit_down(user=None, **options):
        context = new_context(base_url=live_server.url, viewport=DESK, **options)
        context.set_default_timeout(10_000)
        watch(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies(
                [
                    {
                        "name": name,
                        "value": client.cookies[name].value,
                        "url": live_server.url,
                        "httpOnly": True,
                    }
                ]
            )
        return context.new_page()

    return sit_down


@pytest.fixture
def log_in():
    """Fill in the log-in page, which is open, as a person types."""

    def log_in(page, user):
        type(user).objects.filter(pk=user.pk).update(password=make_password(PASSWORD))
        page.get_by_label("利用者ID").fill(user.username)
        page.get_by_label("パスワード", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="ログイン").click()

    return log_in


@pytest.fixture
def axe_findings():
    """Ask axe, with every rule it has, and give what it found, in words."""
    # Preloading fetches every style sheet again, for one experimental rule.
    options = {"resultTypes": ["violations"], "preload": False}

    def axe_findings(page):
        found = Axe().run(page, options=options)
        return [
            f"{violation['id']}: {node['target']} {node['html'][:200]}"
            for violation in found.response["violations"]
            for node in violation["nodes"]
        ]

    return axe_findings


@pytest.fixture
def too_wide():
    """Tell by how many pixels a page has to be pushed sideways."""

    def too_wide(page):
        return page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth")

    return too_wide
