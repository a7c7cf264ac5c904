"""Dates and words as the office writes them, for templates."""

from __future__ import annotations

import datetime

from django import template
from django.utils import timezone

from initiatives.models import Event
from reviews.rules import VERB_WORDS, words_of
from wardplan import era, working_days

register = template.Library()


@register.filter
def wareki(day: datetime.date | None) -> str:
    """Write a day: 令和2年9月30日."""
    return era.wareki(day) if day else ""


@register.filter
def wareki_weekday(day: datetime.date | None) -> str:
    """Write a day with its weekday: 令和2年9月30日(水)."""
    return era.wareki_with_weekday(day) if day else ""


@register.filter
def wareki_moment(moment: datetime.datetime | None) -> str:
    """Write a moment: 令和2年9月30日(水)17:15."""
    return era.wareki_moment(moment) if moment else ""


@register.filter
def short_moment(moment: datetime.datetime | None) -> str:
    """Write a moment of this year: 9月24日(木)16:40."""
    return era.short_moment(moment) if moment else ""


@register.filter
def clock_time(moment: datetime.datetime | None) -> str:
    """Write a moment of today: 14:32."""
    return era.clock_time(moment) if moment else ""


@register.filter
def time_left(due: datetime.datetime | None) -> str:
    """Say how much time is left until a moment: あと3日 (working days), 期限を2日過ぎています."""
    return working_days.time_left(timezone.now(), due) if due else ""


@register.filter
def verb_words(verb: str) -> str:
    """Name a verb as the screens do: 差戻し."""
    return VERB_WORDS.get(verb, verb)


@register.filter
def event_words(event: Event) -> str:
    """Name what happened: 承認, 字句の修正."""
    return words_of(event)
