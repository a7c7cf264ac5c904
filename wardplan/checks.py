"""Refuse to start with packages that make the site unsafe or change what it runs on."""

from importlib.util import find_spec

import openpyxl
from django.core.checks import Error, register


@register()
def defusedxml_is_on(app_configs, **kwargs) -> list[Error]:
    """Demand defusedxml: without it openpyxl expands the entities of an uploaded file in silence."""
    if openpyxl.DEFUSEDXML:
        return []
    return [
        Error(
            "openpyxl reads uploaded files without defusedxml.",
            hint="Install requirements/run.txt and unset OPENPYXL_DEFUSEDXML.",
            id="wardplan.E001",
        )
    ]


@register()
def psycopg2_is_the_driver(app_configs, **kwargs) -> list[Error]:
    """Demand psycopg 2 alone: Django silently prefers psycopg 3, on which nothing here was tried."""
    if find_spec("psycopg") is None:
        return []
    return [
        Error(
            "psycopg 3 is installed beside psycopg 2.",
            hint="Uninstall psycopg, or remove .venv and run `make run` again.",
            id="wardplan.E002",
        )
    ]
