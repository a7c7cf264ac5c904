"""What an operator reads on the command line before a command does anything."""

import argparse
import os
import subprocess
import sys

import pytest

from initiatives.management.commands import dump_plan, load_plan, roll_over
from reviews.management.commands import export_sheets, import_sheets
from wardplan.accounts.management.commands import backup
from wardplan.command_line import speak_japanese


@pytest.fixture
def japanese(monkeypatch):
    monkeypatch.setattr(argparse, "_", argparse._)
    speak_japanese()


@pytest.mark.parametrize(
    "module",
    [dump_plan, load_plan, roll_over, export_sheets, import_sheets, backup],
    ids=lambda row: row.__name__,
)
def test_help_of_our_own_is_japanese(japanese, module):
    command = module.Command()
    parser = command.create_parser("manage.py", "it")
    text = parser.format_help()
    assert text.startswith("使い方: ") and "引数:" in text and "オプション:" in text
    assert "usage" not in text and "show this help" not in text
    django = {action.dest for action in argparse.ArgumentParser()._actions} | {
        *(
            "version",
            "verbosity",
            "settings",
            "pythonpath",
            "traceback",
            "no_color",
            "force_color",
            "skip_checks",
        )
    }
    own = [action for action in parser._actions if action.dest not in django]
    assert own and all(not action.help.isascii() for action in own)


def test_mistyped_command_is_answered_in_japanese():
    run = [sys.executable, "manage.py", "load_plan", "plan.json", "--ward", "mihon"]
    answer = subprocess.run(
        run, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "1"}
    )
    assert answer.returncode == 2
    assert answer.stderr.endswith("manage.py load_plan: 次の引数が足りません: --year\n")
