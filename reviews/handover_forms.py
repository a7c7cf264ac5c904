"""What is typed when a sheet is handed on: the note, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet

from initiatives.forms import FormWithLinks
from wardplan.accounts.models import User
from wardplan.text import SheetTextField


class NoteForm(FormWithLinks):
    """A handover note. The verb says whether it says something; here it is only cleaned."""

    text = SheetTextField(
        label="引継ぎメモ",
        required=False,
        help_text="数値の出どころ、照会先、次にすることなど。この欄も公開請求の対象になります。",
    )

    def typed_text(self) -> dict[str, str]:
        """Give back the note as it came, for pages that lack the form."""
        typed = str(self.data.get("text") or "")
        return {"引継ぎメモ": typed} if typed else {}


class HandoverForm(NoteForm):
    """A note with the colleague who gets the sheet, or without one."""

    to = forms.ModelChoiceField(
        User.objects.none(),
        label="渡す相手",
        required=False,
        empty_label="渡さない(メモだけ残す)",
        error_messages={"invalid_choice": "担当課の職員から選んでください。"},
    )

    def __init__(self, colleagues: QuerySet[User], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.fields["to"].queryset = colleagues  # type: ignore[attr-defined]
