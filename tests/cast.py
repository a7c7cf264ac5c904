"""The cast: one small world with names and roles, which tests of verbs, pages and files share.

A test that asks for the fixture `cast` gets it in a transaction of its own, with the clock standing at NOW
(令和2年9月25日, 10:00 in Japan):

- `cast.ward` 見本区 (`mihon`) with `cast.section` (市民協働課) and `cast.other_section` (総務課);
  `cast.neighbour`, the ward beside it, with a section and a user of its own.
- People, by the words of tests/data/permissions.csv: `cast.viewer`, `.staff`, `.staff_other_section`,
  `.manager`, `.manager_other_section`, `.other_ward`, `.admin`, and `cast.anonymous`. Besides them a second
  person of the own section's: `.second_staff`, `.second_manager`, and `.deputy`, who only stands in.
  `cast.actor("staff")` gives them by word. None has a password: `client.force_login(cast.staff)`.
- Edition `r2`, and the plan of 2020: confirmed, both phases open. Initiative 1 belongs to the own section
  (targets p1, a1, and a2, which is relative to 2019, whose figure is known), initiative 2 to the other one;
  both quote the indicator of a1. The indicator of a2 is quoted by initiative 1 only.

States are built directly, never through the verbs, and replace what was there:

- `cast.plan_in("draft" | "confirmed" | "published")`
- `cast.review_in("submitted", "midyear", submitted_by=cast.manager)`, also `not_started`, with events that
  chain. What a review says then is `cast.answers(phase)`; `cast.answers(phase, issues="…")` is something
  else that is complete, too.
- `cast.set_window("midyear", "before_open" | "open" | "overdue" | "closed")`, relative to NOW.

`snapshot()` is every row that a refused act must leave alone. The fixture `world` is the same cast for a
whole module, for tables of many rows: build inside `scratch()`, which takes everything back.
"""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.db import connection, transaction

from initiatives.models import (
    Baseline,
    Event,
    FormEdition,
    Indicator,
    Initiative,
    Mark,
    Measurement,
    PlanPhase,
    PublishedSheet,
    Question,
    Target,
    TargetResolution,
    YearPlan,
)
from initiatives.plan_file import plan_content
from initiatives.publication import publish_part
from reviews.models import Note, PlanReport, Review, UnsavedText
from wardplan.accounts.models import Membership, Section, User, Ward

JST = ZoneInfo("Asia/Tokyo")
NOW = datetime.datetime(2020, 9, 25, 10, 0, tzinfo=JST)
EARLIER = NOW - datetime.timedelta(days=3)
SPRING = datetime.datetime(2020, 4, 10, 9, 0, tzinfo=JST)

PHASES = ("midyear", "self_evaluation")
STATES = ("not_started", "draft", "submitted", "returned", "approved", "published")
WINDOWS = ("before_open", "open", "overdue", "closed")
ACTORS = (
    "anonymous",
    "viewer",
    "staff",
    "staff_other_section",
    "manager",
    "manager_other_section",
    "other_ward",
    "admin",
)

# The verbs that lead to a state, each with the state it ends in.
PATHS = {
    "not_started": [],
    "draft": [("save", "draft")],
    "submitted": [("save", "draft"), ("submit", "submitted")],
    "returned": [("save", "draft"), ("submit", "submitted"), ("return", "returned")],
    "approved": [("save", "draft"), ("submit", "submitted"), ("approve", "approved")],
    "published": [
        ("save", "draft"),
        ("submit", "submitted"),
        ("approve", "approved"),
        ("publish", "published"),
    ],
}

ANSWERS = {
    "midyear": {
        "implementation": 1,
        "outlook": 2,
        "issues": "若年層の参加が少ない。\n区役所のSNSでの発信を増やし、参加を呼びかける。",
    },
    "self_evaluation": {
        "figure": {"a1": {"value": "9", "as_of": "2021-03-31", "source": "市民協働課調べ"}},
        "results": "清掃活動など9件を行い、目標の8件を上回った。",
        "achievement": 1,
    },
}

LIMIT = 4000
WORDS = "課題と改善策"


def at(month: int, day: int, hour: int = 17, minute: int = 15) -> datetime.datetime:
    return datetime.datetime(2020, month, day, hour, minute, tzinfo=JST)


# opens, due, closes; seen from NOW.
WINDOW_MOMENTS = {
    "before_open": (at(10, 1, 9, 0), at(10, 16), at(10, 30)),
    "open": (at(9, 1, 9, 0), at(10, 2), at(10, 16)),
    "overdue": (at(8, 17, 9, 0), at(9, 18), at(10, 9)),
    "closed": (at(8, 3, 9, 0), at(9, 11), at(9, 18)),
}


@dataclass
class Cast:
    """Everybody and everything in the small world. See the module for what is what."""

    ward: Ward
    neighbour: Ward
    section: Section
    other_section: Section
    neighbours_section: Section
    people: dict[str, User]
    edition: FormEdition
    plan: YearPlan
    initiative: Initiative
    other_initiative: Initiative
    shared_indicator: Indicator
    own_indicator: Indicator
    relative_target: Target
    anonymous: AnonymousUser = field(default_factory=AnonymousUser)

    def __getattr__(self, name: str) -> User:
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None

    def actor(self, word: str) -> User | AnonymousUser:
        return self.anonymous if word == "anonymous" else self.people[word]

    # ---- what is written

    def answers(self, phase: str = "midyear", **changes: Any) -> dict[str, Any]:
        """Give complete answers of a phase; a change to None leaves the field out."""
        answers = {**ANSWERS[phase], **changes}
        return {key: value for key, value in answers.items() if value is not None}

    def plan_content(self) -> dict[str, Any]:
        return plan_content(self.plan)

    # ---- states

    @transaction.atomic
    def plan_in(self, status: str) -> YearPlan:
        """Put the plan, and its record, into a state."""
        plan = self.plan
        Event.objects.filter(initiative=None, ward=self.ward, fiscal_year=plan.fiscal_year).delete()
        plan.status, plan.version = "draft", 0
        content = self.plan_content()
        events = []
        steps = {"draft": 0, "confirmed": 1, "published": 2}[status]
        for verb, becomes in [("confirm", "confirmed"), ("publish", "published")][:steps]:
            plan.version += 1
            events.append(
                Event(
                    ward=self.ward,
                    fiscal_year=plan.fiscal_year,
                    version=plan.version,
                    verb=verb,
                    from_status=plan.status,
                    to_status=becomes,
                    by=self.admin,
                    by_name=self.admin.name,
                    by_post="取りまとめ担当",
                    at=SPRING,
                    content=content,
                )
            )
            plan.status = becomes
        Event.objects.bulk_create(events)
        YearPlan.objects.filter(pk=plan.pk).update(status=plan.status, version=plan.version)
        if status == "published":
            for item in content["initiatives"]:
                publish_part(
                    plan.initiatives.get(number=item["number"]),
                    part="plan",
                    content={
                        "initiative": item,
                        "indicators": content["indicators"],
                        "confirmed_at": SPRING.isoformat(),
                    },
                    item=item,
                    reason="",
                    at=SPRING,
                )
        return plan

    @transaction.atomic
    def review_in(
        self,
        status: str,
        phase: str = "midyear",
        *,
        initiative: Initiative | None = None,
        submitted_by: User | None = None,
        answers: dict[str, Any] | None = None,
    ) -> Review:
        """Put a sheet's review into a state, with the events that lead there."""
        initiative = initiative or self.initiative
        Event.objects.filter(initiative=initiative, phase=phase).delete()
        Review.objects.filter(initiative=initiative, phase=phase).delete()
        review = Review(initiative=initiative, phase=phase)
        if status == "not_started":
            return review
        review.answers = self.answers(phase) if answers is None else answers
        writer = submitted_by or self.staff
        manager = self.second_manager if writer == self.manager else self.manager
        actors = {"save": writer, "submit": writer, "publish": self.admin}
        posts = {self.staff: "市民協働課 担当者", self.admin: "取りまとめ担当"}
        events = []
        for verb, becomes in PATHS[status]:
            by = actors.get(verb, manager)
            review.version += 1
            events.append(
                Event(
                    ward=self.ward,
                    fiscal_year=self.plan.fiscal_year,
                    initiative=initiative,
                    phase=phase,
                    version=review.version,
                    verb=verb,
                    from_status=review.status,
                    to_status=becomes,
                    by=by,
                    by_name=by.name,
                    by_post=posts.get(by, "市民協働課長"),
                    at=EARLIER + datetime.timedelta(hours=review.version),
                    reason="改善策を具体的に書いてください。" if verb == "return" else "",
                    content={"answers": review.answers, "until": None},
                )
            )
            review.status = becomes
        if status in ("submitted", "approved", "published"):
            review.submitted_by = writer
        if status in ("approved", "published"):
            review.approved_by = manager
        review.save()
        Event.objects.bulk_create(events)
        if status == "published":
            publish_part(
                initiative,
                part=phase,
                content={
                    "answers": review.answers,
                    "approved_at": events[2].at.isoformat(),
                    "approved_by_post": events[2].by_post,
                },
                item={"title": initiative.title, "section": initiative.section.name},
                reason="",
                at=events[3].at,
            )
        return review

    def set_window(self, phase: str, window: str) -> None:
        """Move a phase's opening, due date and closing so that NOW lies in a window."""
        opens_at, due_at, closes_at = WINDOW_MOMENTS[window]
        PlanPhase.objects.filter(plan=self.plan, phase=phase).update(
            opens_at=opens_at, due_at=due_at, closes_at=closes_at
        )

    def review(self, phase: str = "midyear", initiative: Initiative | None = None) -> Review:
        """Read a review as it stands in the database."""
        return Review.objects.get(initiative=initiative or self.initiative, phase=phase)

    def events(self, phase: str = "midyear", initiative: Initiative | None = None) -> list[Event]:
        """Read a review's record, oldest first."""
        found = Event.objects.filter(initiative=initiative or self.initiative, phase=phase)
        return list(found.order_by("version"))

    def plan_events(self) -> list[Event]:
        """Read the plan's own record, oldest first."""
        found = Event.objects.filter(ward=self.ward, fiscal_year=2020, initiative=None)
        return list(found.order_by("version"))


# ---- building it ---------------------------------------------------------------------------------------


def build_cast() -> Cast:
    """Write the small world into the database: the plan is confirmed and both phases are open."""
    ward, neighbour = Ward.objects.bulk_create(
        [
            Ward(slug="mihon", name="見本区", kana="みほんく"),
            Ward(slug="tonari", name="隣区", kana="となりく"),
        ]
    )
    section, other_section, neighbours_section = Section.objects.bulk_create(
        [
            Section(ward=ward, name="市民協働課", order=1),
            Section(ward=ward, name="総務課", order=2),
            Section(ward=neighbour, name="市民協働課", order=1),
        ]
    )
    people = _build_people(ward, section, other_section, neighbour, neighbours_section)
    edition = build_edition()
    plan = YearPlan.objects.create(ward=ward, fiscal_year=2020, edition=edition)
    PlanPhase.objects.bulk_create(
        PlanPhase(
            plan=plan,
            phase=phase,
            opens_at=WINDOW_MOMENTS["open"][0],
            due_at=WINDOW_MOMENTS["open"][1],
            closes_at=WINDOW_MOMENTS["open"][2],
            as_of=datetime.date(2020, 8, 31),
        )
        for phase in PHASES
    )
    initiative, other_initiative = Initiative.objects.bulk_create(
        [
            Initiative(
                plan=plan,
                number="1",
                position=1_000_000,
                title="人と人とのつながりづくり",
                section=section,
                purpose="・近所に住む人同士が顔見知りになる機会を設ける。",
                overview="・誰もが気軽に参加できる場の情報を発信する。",
                activities="・清掃活動やフードドライブを行う。",
            ),
            Initiative(
                plan=plan,
                number="2",
                position=2_000_000,
                title="区政会議の開催",
                section=other_section,
                purpose="・区民の意見を聴く。",
                activities="・区政会議を開催する(年3回)。",
            ),
        ]
    )
    shared, own = Indicator.objects.bulk_create(
        [
            Indicator(ward=ward, name="連携した取組の件数", unit="件", direction="higher"),
            Indicator(ward=ward, name="不適切な事務処理事案の件数", unit="件", direction="lower"),
        ]
    )
    absolute = {"indicator": shared, "kind": "absolute", "fiscal_year": 2020, "value": Decimal(8)}
    _, a1, a2, _ = Target.objects.bulk_create(
        [
            Target(initiative=initiative, key="p1", scope="policy", wording="【令和2年度】 8件", **absolute),
            Target(initiative=initiative, key="a1", scope="annual", wording="【令和2年度】 8件", **absolute),
            Target(
                initiative=initiative,
                key="a2",
                scope="annual",
                position=2,
                indicator=own,
                wording="【令和2年度】令和元年度件数の実績から10%減",
                quote="(平成30年度7件)",
                kind="relative",
                fiscal_year=2020,
                base_fiscal_year=2019,
                change=Decimal(-10),
                change_unit="percent",
            ),
            Target(
                initiative=other_initiative, key="a1", scope="annual", wording="【令和2年度】 8件", **absolute
            ),
        ]
    )
    Baseline.objects.bulk_create(
        [
            Baseline(target=a1, fiscal_year=2019, position=1),
            Baseline(target=a1, fiscal_year=2018, position=2),
            Baseline(target=a2, fiscal_year=2018),
        ]
    )
    Measurement.objects.bulk_create(
        Measurement(indicator=indicator, ward=ward, fiscal_year=year, value=value, at=SPRING)
        for indicator, year, value in [(shared, 2018, 8), (own, 2018, 7), (own, 2019, 10)]
    )
    cast = Cast(
        ward=ward,
        neighbour=neighbour,
        section=section,
        other_section=other_section,
        neighbours_section=neighbours_section,
        people=people,
        edition=edition,
        plan=plan,
        initiative=initiative,
        other_initiative=other_initiative,
        shared_indicator=shared,
        own_indicator=own,
        relative_target=a2,
    )
    cast.plan_in("confirmed")
    return cast


def _build_people(ward, section, other_section, neighbour, neighbours_section) -> dict[str, User]:
    """Hire everybody on 1 April. `other_ward` holds every role there is, in the wrong ward."""
    roles = {
        "viewer": [(ward, None, "viewer")],
        "staff": [(ward, section, "staff")],
        "second_staff": [(ward, section, "staff")],
        "staff_other_section": [(ward, other_section, "staff")],
        "manager": [(ward, section, "manager")],
        "second_manager": [(ward, section, "manager")],
        "deputy": [(ward, section, "manager")],
        "manager_other_section": [(ward, other_section, "manager")],
        "admin": [(ward, None, "admin")],
        "other_ward": [
            (neighbour, neighbours_section, "staff"),
            (neighbour, neighbours_section, "manager"),
            (neighbour, None, "admin"),
            (neighbour, None, "viewer"),
        ],
    }
    names = {
        "viewer": "閲覧 花子",
        "staff": "担当 太郎",
        "second_staff": "担当 次郎",
        "staff_other_section": "総務 担当",
        "manager": "課長 一郎",
        "second_manager": "課長 二郎",
        "deputy": "代理 三郎",
        "manager_other_section": "総務 課長",
        "admin": "取りまとめ 四郎",
        "other_ward": "隣区 五郎",
    }
    users = User.objects.bulk_create(User(username=word, name=names[word], password="!") for word in roles)
    people = {user.username: user for user in users}
    Membership.objects.bulk_create(
        Membership(
            user=people[word],
            ward=in_ward,
            section=in_section,
            role=role,
            acting=word == "deputy",
            starts_on=SPRING.date(),
        )
        for word, held in roles.items()
        for in_ward, in_section, role in held
    )
    return people


def build_edition() -> FormEdition:
    """Write the edition r2: what the official form of 令和2年度 asks."""
    edition = FormEdition.objects.create(
        code="r2", title="「令和2年度以降の市政改革計画」に基づく取組等", first_fiscal_year=2020
    )
    rows = [
        ("midyear", "implementation", "mark", "取組内容の実施見込み", {"required": True}),
        ("midyear", "outlook", "mark", "目標の達成見込み", {"required": True}),
        ("midyear", "issues", "text", WORDS, {"limit": LIMIT, "column": "right"}),
        ("self_evaluation", "figure", "figure", "実績値", {"scope": "target", "final": True}),
        (
            "self_evaluation",
            "results",
            "text",
            "当年度の取組実績及び目標の達成状況",
            {"required": True, "limit": LIMIT},
        ),
        ("self_evaluation", "achievement", "mark", "目標の達成", {"required": True}),
        ("self_evaluation", "issues", "text", WORDS, {"limit": LIMIT, "column": "right"}),
    ]
    questions = Question.objects.bulk_create(
        Question(edition=edition, phase=phase, key=key, kind=kind, label=label, position=place, **more)
        for place, (phase, key, kind, label, more) in enumerate(rows, start=1)
    )
    found = {(question.phase, question.key): question for question in questions}
    marks = [
        (("midyear", "implementation"), 1, "(i)", "実施見込み", {}),
        (("midyear", "implementation"), 2, "(ii)", "実施できない見込み", {"advises": "issues"}),
        (("midyear", "outlook"), 1, "①", "達成見込み", {"meaning": "met"}),
        (("midyear", "outlook"), 2, "②", "達成できない見込み", {"meaning": "not_met", "requires": "issues"}),
        (("self_evaluation", "achievement"), 1, "①", "目標達成", {"meaning": "met"}),
        (
            ("self_evaluation", "achievement"),
            2,
            "②",
            "目標未達成",
            {"meaning": "not_met", "requires": "issues"},
        ),
    ]
    Mark.objects.bulk_create(
        Mark(question=found[where], position=position, symbol=symbol, label=label, **more)
        for where, position, symbol, label, more in marks
    )
    return edition


# ---- comparing -----------------------------------------------------------------------------------------

KEPT = (
    YearPlan,
    PlanPhase,
    Initiative,
    Target,
    Review,
    Event,
    Measurement,
    TargetResolution,
    PublishedSheet,
    UnsavedText,
    Note,
    PlanReport,
)
COLUMNS = {
    model: ", ".join(f'"{column.column}"' for column in model._meta.concrete_fields)  # the key comes first
    for model in KEPT
}


def snapshot() -> dict[str, dict[int, tuple]]:
    """Read every row that a refused act must leave alone: model name -> primary key -> all columns.

    Without the ORM, because tables of thousands of rows take one snapshot for each.
    """
    found = {}
    with connection.cursor() as cursor:
        for model in KEPT:
            cursor.execute(f"SELECT {COLUMNS[model]} FROM {model._meta.db_table}")
            found[model.__name__] = {row[0]: row for row in cursor.fetchall()}
    return found


def difference(before: dict, after: dict) -> dict[str, tuple[int, int, int]]:
    """Count rows added, changed and removed, by model; nothing for a model that stayed as it was."""
    found = {}
    for name, was in before.items():
        now = after[name]
        added, removed = len(now.keys() - was.keys()), len(was.keys() - now.keys())
        changed = sum(now[key] != was[key] for key in was.keys() & now.keys())
        if added or changed or removed:
            found[name] = (added, changed, removed)
    return found


def newcomer(**flags: Any) -> User:
    """Give a user without any role, for `hold`."""
    return User.objects.create(username="newcomer", name="新人 六郎", password="!", **flags)


def hold(user: User, section: Section, role: str, **more: Any) -> User:
    """Give a person a role in a section from 1 April, or in its ward: hold(user, section, "admin")."""
    place = section if role in ("staff", "manager") else None
    fields = {"starts_on": SPRING.date(), **more}
    Membership.objects.create(user=user, ward=section.ward, section=place, role=role, **fields)
    user.forget_roles()
    return user


@contextmanager
def scratch() -> Iterator[None]:
    """Take everything back that is done inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# ---- fixtures ------------------------------------------------------------------------------------------


@pytest.fixture
def clock():
    """Stop the clock at NOW; `clock.move_to(…)` moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(clock, db):
    return build_cast()


@pytest.fixture
def official(cast):
    """Give the cast's edition every question of the official form, as the fixture has it.

    The relative target a2 has its number: 10件 in 令和元年度, 10% less, is 9件.
    """
    Question.objects.filter(edition=cast.edition).delete()
    call_command("loaddata", "editions", verbosity=0)
    TargetResolution.objects.create(
        target=cast.relative_target, value=9, base_value=10, by=cast.staff, at=SPRING
    )
    return cast


@pytest.fixture
def next_form(official):
    """Put the cast's plan on the form of 令和5年度: a mark for each indicator, no mid-year phase."""
    YearPlan.objects.filter(pk=official.plan.pk).update(edition=FormEdition.objects.get(code="r5"))
    official.plan.phases.filter(phase="midyear").delete()
    official.plan.refresh_from_db()
    return official


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Keep one cast for a whole module; each use belongs into `scratch()`."""
    with (
        time_machine.travel(NOW, tick=False),
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        yield build_cast()
        transaction.set_rollback(True)
