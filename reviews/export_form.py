"""What is to be taken out as Excel: the whole year, one section's sheets, or every ward's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from wardplan.accounts.models import Section

YEAR, WARDS = "year", "wards"


class ExportForm(forms.Form):
    """Choose what comes into the workbook. `token` is how the page's script knows that the file has come."""

    what = forms.ChoiceField(
        label="書き出すもの",
        widget=forms.RadioSelect,
        error_messages={
            "required": "書き出すものを選んでください。",
            "invalid_choice": "選び直してください。",
        },
    )
    charts = forms.BooleanField(label="グラフを付ける", required=False)
    cover = forms.BooleanField(label="決裁のシートを付ける", required=False)
    token = forms.RegexField(r"\A[a-z0-9]{1,40}\Z", required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, sections: Sequence[tuple[Section, int]], sheets: int, wards: int, **kwargs: Any
    ) -> None:
        """Offer the sections with the number of their sheets; `wards` 0 or 1 is no choice of its own."""
        super().__init__(*args, **kwargs)
        self.sections = {str(section.pk): section for section, _ in sections}
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            (YEAR, f"年度の全部({sheets}件)"),
            *((str(section.pk), f"{section.name}({count}件)") for section, count in sections),
            *([(WARDS, f"すべての区({wards}区)")] if wards > 1 else []),
        ]

    @property
    def section(self) -> Section | None:
        return self.sections.get(self.cleaned_data["what"])

    @property
    def of_all_wards(self) -> bool:
        return self.cleaned_data["what"] == WARDS
