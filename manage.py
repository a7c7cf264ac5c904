#!/usr/bin/env python
import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wardplan.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit("Django is missing here: use .venv/bin/python, made by `make run`.") from error
    from wardplan.command_line import speak_japanese

    speak_japanese()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
