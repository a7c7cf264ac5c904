"""Every row of a database, digested table by table: to compare copies, also across kinds of databases."""

import hashlib
import json

from django.apps import apps

# Made anew by `migrate`, with numbers of their own.
MADE_BY_MIGRATE = {"django_content_type", "auth_permission"}


def digest_tables(database="default"):
    """Give {table: (rows, SHA-256 over all values in the order of the keys)}."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table in MADE_BY_MIGRATE:
            continue
        rows = list(model._base_manager.using(database).order_by("pk").values_list())
        canonical = json.dumps(rows, default=str, sort_keys=True, ensure_ascii=True)
        found[table] = (len(rows), hashlib.sha256(canonical.encode()).hexdigest())
    return found
