"""What may be done with a sheet, by whom and when: the transitions, and every check before a verb.

Order of checks: log-in, visible at all (404), allowed (403), repeat, state (409), four eyes (403),
window (409), content, version (409). Pages ask the same functions for their
buttons that verbs ask for their refusals.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping

from django.utils import timezone

from initiatives.models import Event, Initiative, YearPlan
from initiatives.refusals import NotAllowed, TransitionNotAllowed, WindowClosed
from wardplan.accounts.models import User
from wardplan.era import short_moment
from wardplan.text import is_blank, length

from . import permissions
from .answers import fields_of
from .case import Case
from .models import Review
from .windows import Window

Status = Review.Status

# What each verb makes of which state. `withdraw` goes back to where the review was submitted from.
TRANSITIONS: dict[str, dict[str, str]] = {
    "save": {
        Status.NOT_STARTED: Status.DRAFT,
        Status.DRAFT: Status.DRAFT,
        Status.RETURNED: Status.RETURNED,
        Status.SUBMITTED: Status.SUBMITTED,
    },
    "import": {
        Status.NOT_STARTED: Status.DRAFT,
        Status.DRAFT: Status.DRAFT,
        Status.RETURNED: Status.RETURNED,
    },
    "submit": {
        Status.NOT_STARTED: Status.SUBMITTED,
        Status.DRAFT: Status.SUBMITTED,
        Status.RETURNED: Status.SUBMITTED,
    },
    "withdraw": {Status.SUBMITTED: Status.DRAFT},
    "approve": {Status.SUBMITTED: Status.APPROVED},
    "return": {Status.SUBMITTED: Status.RETURNED},
    "reopen": {Status.APPROVED: Status.RETURNED},
    "extend": {
        Status.NOT_STARTED: Status.NOT_STARTED,
        Status.DRAFT: Status.DRAFT,
        Status.RETURNED: Status.RETURNED,
    },
    # Changes who has the sheet, never its state.
    "hand_over": {
        Status.NOT_STARTED: Status.NOT_STARTED,
        Status.DRAFT: Status.DRAFT,
        Status.RETURNED: Status.RETURNED,
    },
    "publish": {Status.APPROVED: Status.PUBLISHED},
    "correct": {Status.PUBLISHED: Status.RETURNED},
}

MAY: dict[str, Callable[[User, Initiative], bool]] = {
    "save": permissions.can_write,
    "import": permissions.can_write,
    "submit": permissions.can_submit,
    "withdraw": permissions.can_submit,
    "approve": permissions.can_decide,
    "return": permissions.can_decide,
    "reopen": permissions.can_reopen,
    "extend": permissions.can_run_phase,
    "hand_over": permissions.can_hand_over,
    "publish": permissions.can_run_phase,
    "correct": permissions.can_run_phase,
}

BOUND_BY_WINDOW = ("save", "import", "submit", "withdraw")
REOPENING = ("return", "reopen", "correct")
NEEDS_REASON = ("return", "reopen", "extend", "correct")

VERB_WORDS = {
    "save": "一時保存",
    "import": "Excelから取込",
    "submit": "提出",
    "withdraw": "引戻し",
    "approve": "承認",
    "return": "差戻し",
    "reopen": "承認取消し",
    "extend": "個別延長",
    "hand_over": "引継ぎ",
    "publish": "公表",
    "correct": "訂正",
}

# Why a state does not take a verb, and what to do instead.
STATE_SENTENCES = {
    Status.NOT_STARTED: "このシートはまだ書かれていません。",
    Status.DRAFT: "このシートは作成中で、まだ提出されていません。",
    Status.SUBMITTED: "このシートは課長承認待ちです。直すときは、先に引き戻してください。",
    Status.RETURNED: "このシートは差し戻されています。担当が直して再提出するのを待ってください。",
    Status.APPROVED: "このシートは課長承認済です。直すときは、課長に承認取消しを依頼してください。",
    Status.PUBLISHED: "このシートは公表済です。直すときは、取りまとめ担当に訂正を依頼してください。",
}


def words_of(event: Event) -> str:
    """Name what happened in plain words: a manager's save of a waiting sheet is a 字句の修正."""
    if event.verb == "save" and event.from_status == Status.SUBMITTED:
        return "字句の修正"
    return VERB_WORDS.get(event.verb, event.verb)


def check_person(verb: str, case: Case, by: User) -> None:
    """Refuse a verb for the person: 403 before anything is said about the state."""
    if not MAY[verb](by, case.initiative):
        raise NotAllowed(f"{VERB_WORDS[verb]}ができるのは、{_who_may(verb)}です。")


def _who_may(verb: str) -> str:
    if verb in ("approve", "return"):
        return "担当課の課長(承認者)"
    if verb == "reopen":
        return "担当課の課長(承認者)と取りまとめ担当"
    if verb in ("extend", "publish", "correct"):
        return "取りまとめ担当"
    return "担当課の職員"


def is_mending(verb: str, review: Review) -> bool:
    """Tell whether a save is a manager's correction of two characters while the sheet waits for approval."""
    return verb == "save" and review.status == Status.SUBMITTED


def is_bound_by_window(verb: str, review: Review) -> bool:
    """Tell whether a verb keeps to the phase's window: what writes text does; mending belongs to deciding."""
    return verb in BOUND_BY_WINDOW and not is_mending(verb, review)


def check_state(verb: str, case: Case, by: User) -> None:
    """Refuse a verb for the state (409); then, for a decision on the own submission, for the person (403).

    A submitted review can be saved by the section's manager only: he or she mends two characters.
    """
    review = case.review
    if review.status not in TRANSITIONS[verb]:
        raise TransitionNotAllowed(STATE_SENTENCES[Status(review.status)])
    mending = is_mending(verb, review)
    if mending and not permissions.is_manager_of(by, case.initiative):
        raise TransitionNotAllowed(STATE_SENTENCES[Status.SUBMITTED])
    if (mending or verb == "approve") and permissions.is_own_submission(by, review):
        raise NotAllowed("自分が提出したシートは、自分では承認できません。代理の承認者に依頼してください。")


def check_window(verb: str, case: Case, at: datetime.datetime) -> None:
    """Refuse a verb outside its time. Windows bind only what writes text; mending is a part of deciding.

    個別延長 is for closed phases only: while a phase is open there is nothing to extend. A draft plan's sheet
    is in nobody's hands yet.
    """
    now = case.window(at)
    if verb == "hand_over" and case.plan.status == YearPlan.Status.DRAFT:
        raise WindowClosed("計画が案のあいだは、まだ引き継げません。確定の後に行ってください。")
    if verb == "extend" and now != Window.CLOSED:
        raise WindowClosed("受付期間中です。個別延長は、受付終了の後に行ってください。")
    if not is_bound_by_window(verb, case.review):
        return
    if now == Window.BEFORE_OPEN:
        raise WindowClosed(_opening_sentence(case))
    if now == Window.CLOSED:
        raise WindowClosed(
            f"{case.phase.label}の受付は終了しました。取りまとめ担当に個別延長を依頼してください。"
        )


def _opening_sentence(case: Case) -> str:
    opens_at = case.plan_phase.opens_at if case.plan_phase else None
    if case.plan.status != YearPlan.Status.DRAFT and opens_at:
        return f"{case.phase.label}の受付は、{short_moment(opens_at)}に始まります。"
    return f"{case.phase.label}の受付は、まだ始まっていません。"


def check(verb: str, case: Case, by: User, at: datetime.datetime) -> None:
    """Make every check that needs no content: person, state, four eyes, window, in this order."""
    check_person(verb, case, by)
    check_state(verb, case, by)
    check_window(verb, case, at)


def may(verb: str, case: Case, by: User, at: datetime.datetime) -> bool:
    """Tell whether a verb would pass every check that needs no content: which buttons a page shows."""
    try:
        check(verb, case, by, at)
    except (NotAllowed, TransitionNotAllowed):
        return False
    return True


def until_needed(verb: str, case: Case, at: datetime.datetime) -> bool:
    """Tell whether a verb needs a date until which the sheet stays open: no state is a dead end."""
    return verb == "extend" or (verb in REOPENING and case.window(at) == Window.CLOSED)


REASON_LIMIT = 1000
COMMENT_PREFIX = "comment_"


def decision_problems(
    verb: str,
    case: Case,
    at: datetime.datetime,
    *,
    reason: str,
    until: datetime.date | None,
    comments: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Say what a decision still needs: field name -> sentence. Forms and verbs ask the same function."""
    found = {}
    if verb in NEEDS_REASON and is_blank(reason):
        found["reason"] = f"{VERB_WORDS[verb]}の理由を書いてください。"
    elif len(reason) > REASON_LIMIT:
        found["reason"] = f"理由は{REASON_LIMIT:,}字以内で書いてください。いま{len(reason):,}字です。"
    if until_needed(verb, case, at):
        if until is None:
            found["until"] = "受付が終了しているため、いつまで書けるようにするか、日付を入れてください。"
        elif until < timezone.localdate(at):
            found["until"] = "今日以後の日付を入れてください。"
        elif (until - timezone.localdate(at)).days > 366:
            found["until"] = "1年以内の日付を入れてください。"
    return found | _comment_problems(case, comments)


def _comment_problems(case: Case, comments: Mapping[str, str] | None) -> dict[str, str]:
    if not comments:
        return {}
    fields = {field.name for field in fields_of(case.phase, case.target_keys)}
    found = {}
    for name, text in comments.items():
        if name not in fields:
            found[f"{COMMENT_PREFIX}{name}"] = "コメントの欄が様式にありません。画面を開き直してください。"
        elif length(text) > REASON_LIMIT:
            found[f"{COMMENT_PREFIX}{name}"] = (
                f"コメントは{REASON_LIMIT:,}字以内で書いてください。いま{length(text):,}字です。"
            )
    return found
