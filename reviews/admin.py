"""The record of changes, to look up who did what. What a review says is never shown or written here."""

from django.contrib import admin

from initiatives.form import LABELS
from initiatives.models import Event
from wardplan.accounts.admin_site import ReadOnly, WardModelAdmin

from . import layout_admin  # noqa: F401
from .rules import VERB_WORDS

PLAN_VERB_WORDS = {
    "edit": "編集",
    "confirm": "確定",
    "publish": "公表",
    "new_version": "計画の変更",
    "delete": "削除",
    "assign_section": "担当課の変更",
    "record_measurement": "実績の入力",
    "resolve": "目標値の確定",
    "change_definition": "指標の定義の変更",
    "withdraw_definition": "定義の変更の取消し",
    "confirm_direction": "よい方向の確認",
    "set_window": "受付期間の変更",
    "record_decision": "決裁の記録",
}


@admin.register(Event)
class EventAdmin(ReadOnly, WardModelAdmin):
    list_display = ("at", "word", "item", "phase_label", "by_name", "by_post", "remarks")
    list_filter = ("late", "on_behalf")
    search_fields = ("by_name", "initiative__number", "initiative__title")
    ordering = ("-at", "-pk")
    fields = (
        ("ward", "year"),
        "item",
        "phase_label",
        ("word", "version"),
        ("by_name", "by_post"),
        "at",
        "remarks",
    )

    def get_queryset(self, request):
        events = super().get_queryset(request).defer("content", "reason")
        return events.select_related("initiative__plan__edition", "ward")

    def lookup_allowed(self, lookup, value, request):
        # Asking for ?content__contains= would tell, letter by letter, what a review says.
        return not lookup.startswith(("content", "reason")) and super().lookup_allowed(lookup, value, request)

    @admin.display(description="操作", ordering="verb")
    def word(self, event):
        words = VERB_WORDS if event.initiative_id else PLAN_VERB_WORDS
        return words.get(event.verb, event.verb)

    @admin.display(description="段階", ordering="phase", empty_value="-")
    def phase_label(self, event):
        if not event.initiative_id or not event.phase:
            return event.phase or None
        place = f"phase.{event.phase}"
        return event.initiative.plan.edition.labels.get(place) or LABELS.get(place, event.phase)

    @admin.display(description="備考")
    def remarks(self, event):
        return "、".join(word for word, holds in [("期限後", event.late), ("代理", event.on_behalf)] if holds)

    @admin.display(description="取組項目", ordering="initiative__position")
    def item(self, event):
        return str(event.initiative) if event.initiative_id else "年間計画"

    @admin.display(description="年度", ordering="fiscal_year")
    def year(self, event):
        return str(event.fiscal_year)
