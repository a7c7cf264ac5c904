"""Comments on single fields, written with a return: who may read them, and where they are shown."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from initiatives.form import FormPhase
from initiatives.models import Event

from .answers import fields_of
from .models import Note

# Where a comment belongs: the sheet's id, the phase and the version that the return made.
Place = tuple[int | None, str, int]


@dataclass(frozen=True)
class Comment:
    """What a manager wrote to one field when sending the sheet back. `field` is the name of its input."""

    field: str
    text: str
    by: str
    at: datetime.datetime


def read_comments(returns: Iterable[Event]) -> dict[Place, list[Comment]]:
    """Read the comments that came with these returns, by where they belong, in one query.

    For the section and the admin only: the caller has asked `permissions.can_write`. Without any return
    there is no query.
    """
    wanted = Q()
    for event in returns:
        wanted |= Q(initiative=event.initiative_id, phase=event.phase, version=event.version)
    if not wanted:
        return {}
    found: dict[Place, list[Comment]] = {}
    notes = Note.objects.filter(wanted, kind=Note.Kind.COMMENT).select_related("by").order_by("pk")
    for note in notes:
        comment = Comment(note.field, note.text, note.by.name, note.at)
        found.setdefault((note.initiative_id, note.phase, note.version), []).append(comment)
    return found


def place_of(event: Event) -> Place:
    return (event.initiative_id, event.phase, event.version)


def labels_of(phase: FormPhase, targets: list[str]) -> dict[str, str]:
    """Name a phase's fields by their inputs; one that is asked per target by the target's place as well."""
    return {
        field.name: field.question.label
        + (f"(目標{targets.index(field.target) + 1})" if field.target else "")
        for field in fields_of(phase, targets)
    }
