import os
import shutil
from collections import Counter

import pytest
from django.test import override_settings
from hypothesis import settings

# Playwright runs an event loop in the thread that also asks the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

pytest_plugins = ["tests.cast"]

# How long an example takes depends on the machine. Where changes are taken, examples are always the same.
settings.register_profile("wardplan", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("wardplan")


# --- database and passwords ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, tmp_path_factory):
    """Keep SQLite in a file: in memory its threads share one cache, which ignores the time-out."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def fast_passwords():
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


# --- programs from outside -------------------------------------------------------------------------------

# marker: (program, variable that makes its absence an error, packages)
PROGRAMS = {
    "browser": ("chromium", "WARDPLAN_REQUIRE_BROWSER", "chromium fonts-noto-cjk"),
    "libreoffice": ("soffice", "WARDPLAN_REQUIRE_LIBREOFFICE", "libreoffice-calc-nogui fonts-noto-cjk"),
}
ADVICE = "is missing: apt-get install"
BROWSER_FIXTURES = {"page", "context", "new_context", "browser"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    # With several processes, a file that takes long would leave the others idle at the end.
    slow = {"faults", "journeys", "test_state_machine.py", "test_races.py", "test_printing.py"}
    items.sort(key=lambda item: slow.isdisjoint(item.path.parts))
    for item in items:
        if BROWSER_FIXTURES & set(item.fixturenames):
            item.add_marker(pytest.mark.browser)
        for marker, (program, variable, packages) in PROGRAMS.items():
            if item.get_closest_marker(marker) and not shutil.which(program):
                advice = f"{program} {ADVICE} {packages}"
                if os.environ.get(variable) == "1":
                    raise pytest.UsageError(advice)
                item.add_marker(pytest.mark.skip(reason=advice))


def pytest_terminal_summary(terminalreporter):
    # Read from the reports: with several processes, each has collected the tests for itself.
    reasons = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])]
    missing = Counter(reason.removeprefix("Skipped: ") for reason in reasons if ADVICE in reason)
    for advice, count in missing.items():
        terminalreporter.write_line(f"{count} tests were NOT run. {advice}", red=True, bold=True)


# --- browser ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    flags = [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    return {**browser_type_launch_args, "executable_path": shutil.which("chromium"), "args": flags}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "ja-JP", "timezone_id": "Asia/Tokyo"}
