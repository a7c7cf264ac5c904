"""Every address of the site: what it is for, and what it answers to somebody who has no business there."""

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from initiatives.models import Indicator, IndicatorChange, Initiative, PlanPhase, Target, YearPlan
from reviews.models import Note, PlanReport
from tests.cast import NOW, SPRING, difference, scratch, snapshot
from wardplan.accounts.models import Membership

# A page is read, a form is read and sent, a verb is sent only. `public` and `door` ask for no log-in.
ADDRESSES = {
    "page": {
        "reviews:my_work",
        "reviews:years",
        "reviews:queue",
        "reviews:queue_print",
        "reviews:year",
        "reviews:differences",
        "reviews:ward_progress",
        "reviews:progress",
        "reviews:sheet",
        "reviews:basis",
        "reviews:history",
        "reviews:history_moment",
        "reviews:section_desk",
        "reviews:desk",
        "reviews:wordings",
        "reviews:export",
        "initiatives:indicator_wards",
        "initiatives:indicators",
        "initiatives:indicator",
        "initiatives:measurement_year",
    },
    "file": {"reviews:year_workbook", "reviews:sheet_workbook", "reviews:export_file"},
    "form": {
        "reviews:deputies",
        "reviews:import_sheets",
        "reviews:review",
        "reviews:restore",
        "reviews:handover",
        "reviews:plan_reports",
        "initiatives:plan_import",
        "initiatives:plan_roll_over",
        "initiatives:plan_sections",
        "initiatives:resolve",
        "initiatives:measurement",
        "initiatives:indicator_definition",
        "initiatives:indicator_direction",
        "accounts:password_change",
    },
    "verb": {
        "reviews:approve_chosen",
        "reviews:end_deputy",
        "reviews:import_apply",
        "reviews:import_marked",
        "reviews:progress_window",
        "reviews:progress_decision",
        "reviews:progress_publish",
        "reviews:submit",
        "reviews:autosave",
        "reviews:withdraw",
        "reviews:approve",
        "reviews:return",
        "reviews:reopen",
        "reviews:extend",
        "reviews:publish",
        "reviews:correct",
        "reviews:take_over",
        "reviews:replace_note",
        "reviews:withdraw_note",
        "reviews:answer_report",
        "initiatives:plan_confirm",
        "initiatives:plan_publish",
        "initiatives:plan_new_version",
        "initiatives:confirm_cells",
        "initiatives:indicator_definition_withdraw",
    },
    "public": {"public:ward", "public:year", "public:sheet"},
    "door": {"accounts:login", "accounts:logout", "accounts:keep_alive"},
}
POSTED_ONLY = ADDRESSES["verb"] | {"accounts:logout", "accounts:keep_alive"}

# The admin site's own pages, and five for each model that stands in it.
ADMIN = "index login logout password_change password_change_done autocomplete jsi18n view_on_site app_list"
ADMIN_ONLY = {
    "initiatives_initiative_section",
    "initiatives_formedition_layout",
    "initiatives_formedition_layout_file",
    "auth_user_password_change",
}
IN_ADMIN = {
    "accounts": ("ward", "section", "user"),
    "initiatives": (
        "yearplan",
        "initiative",
        "target",
        "indicator",
        "measurement",
        "formedition",
        "question",
        "event",
    ),
}
OF_MODEL = ("changelist", "add", "history", "delete", "change")

# What somebody of another section gets who sends or opens the address of sheet 1; other verbs answer 403.
OTHER_SECTION = {
    "reviews:sheet": 200,
    "reviews:sheet_workbook": 200,
    "reviews:basis": 200,
    "reviews:review": 200,
    "reviews:restore": 302,
    "reviews:wordings": 200,
    "reviews:plan_reports": 200,
    "reviews:handover": 403,
    "reviews:history": 403,
    "reviews:history_moment": 403,
    "initiatives:resolve": 403,
}
# Everybody may tell of a mistake in the plan; nothing was said of which.
OTHER_SECTION_SENDS = {"reviews:restore": 302, "reviews:plan_reports": 200}
# Of a year without a plan these make one, or lead to one; of any past year a figure may be entered.
FOR_ANY_YEAR = {"initiatives:plan_import", "initiatives:plan_roll_over", "initiatives:measurement"}

NEIGHBOURS_WORDS = ("隣区だけの取組", "隣区だけの指標", "隣区だけが書いた課題", "隣区だけの引継ぎ")
SENT = {"version": 2, "reason": "理由を書きます。", "until": "令和2年10月30日", "issues": "書いた文。"}


# What the number in an address is of; of an indicator if not named here.
ROWS = {
    "reviews:end_deputy": "deputy",
    "reviews:replace_note": "note",
    "reviews:withdraw_note": "note",
    "reviews:answer_report": "report",
}


def every_pattern(resolver=None, namespace=""):
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", entry
        else:
            below = f"{entry.namespace}:" if entry.namespace else namespace
            yield from every_pattern(entry, below)


PATTERNS = {
    name: set(pattern.pattern.converters)
    for name, pattern in every_pattern()
    if not name.startswith("admin:")
}
METHODS = {
    "page": ["get"],
    "file": ["get"],
    "public": ["get"],
    "form": ["get", "post"],
    "verb": ["post"],
}
KINDS = {name: kind for kind, names in ADDRESSES.items() for name in names}
SHEET = {"ward", "year", "number"}


def test_every_address_is_classified():
    found = sorted({name for name, _ in every_pattern() if not name.startswith("admin:")})
    classified = sorted(name for names in ADDRESSES.values() for name in names)
    assert found == classified, "say in ADDRESSES what a new address is for"


def test_every_page_of_the_admin_site_is_known():
    found = {name.removeprefix("admin:") for name, _ in every_pattern() if name.startswith("admin:")}
    models = {f"{app}_{model}" for app, models in IN_ADMIN.items() for model in models}
    pages = {f"{model}_{page}" for model in models for page in OF_MODEL}
    assert found == pages | ADMIN_ONLY | set(ADMIN.split()) | {"None"}
    assert not {page for page in found if "review" in page or "publishedsheet" in page}


# ---- two wards side by side ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wards(world):
    """Give the cast, with a sheet submitted in either ward and a deputy in the neighbour's."""
    world.review_in("submitted")
    world.review_in("submitted", "self_evaluation", initiative=world.other_initiative)
    plan = YearPlan.objects.create(
        ward=world.neighbour, fiscal_year=2020, edition=world.edition, status="confirmed", version=1
    )
    PlanPhase.objects.bulk_create(PlanPhase(plan=plan, phase=one, opens_at=SPRING) for one in ("midyear",))
    initiative = Initiative.objects.create(
        plan=plan, number="1", position=1, title=NEIGHBOURS_WORDS[0], section=world.neighbours_section
    )
    indicator = Indicator.objects.create(
        ward=world.neighbour, name=NEIGHBOURS_WORDS[1], unit="件", direction="higher"
    )
    Target.objects.create(
        initiative=initiative,
        key="a2",
        scope="annual",
        indicator=indicator,
        kind="relative",
        fiscal_year=2020,
        base_fiscal_year=2019,
        change=1,
        change_unit="absolute",
        wording="【令和2年度】1件増",
    )
    answers = world.answers(issues=NEIGHBOURS_WORDS[2])
    world.review_in("submitted", initiative=initiative, answers=answers)
    deputy = Membership.objects.create(
        user=world.other_ward,
        ward=world.neighbour,
        section=world.neighbours_section,
        role="manager",
        acting=True,
        starts_on=NOW.date(),
    )
    world.theirs = {"indicator": indicator.pk, "deputy": deputy.pk, "section": deputy.section_id}
    notes = [
        Note.objects.create(
            initiative=one, phase="midyear", version=2, kind="handover", text=text, by=world.staff, at=NOW
        )
        for one, text in ((initiative, NEIGHBOURS_WORDS[3]), (world.initiative, "引継ぎ"))
    ]
    reports = [
        PlanReport.objects.create(
            ward=ward, fiscal_year=2020, number="1", cell="title", label="名", by=world.staff, at=NOW
        )
        for ward in (world.neighbour, world.ward)
    ]
    world.theirs |= {"note": notes[0].pk, "report": reports[0].pk}
    world.ours = {"note": notes[1].pk, "report": reports[1].pk}
    world.change = IndicatorChange.objects.create(
        indicator=world.own_indicator, ward=world.ward, kind="definition", fiscal_year=2015, at=NOW
    )
    world.deputy_row = Membership.objects.get(user=world.deputy, acting=True)
    yield world


def own_values(wards, name):
    """Give what stands in the address of sheet 1, its midyear review and what belongs to it."""
    pks = {"indicator": wards.own_indicator.pk, "deputy": wards.deputy_row.pk, **wards.ours}
    every = {
        "ward": "mihon",
        "year": 2020,
        "number": "1",
        "phase": "midyear",
        "version": 1,
        "change": wards.change.pk,
        "pk": pks[ROWS.get(name, "indicator")],
        "key": "issues" if name == "reviews:wordings" else "a2",
        "section": wards.section.pk,
    }
    return {part: every[part] for part in PATTERNS[name]}


def strange_values(wards, name):
    """List (part, values): what an address must not find, with one part of it strange at a time."""
    theirs = wards.theirs[ROWS.get(name, "indicator")]
    strange = {
        "ward": ["tonari", "nowhere"],
        "year": [] if name in FOR_ANY_YEAR else [2019, 2021],
        "number": ["99", "1-9"],
        "phase": ["plan", "year-end"],
        "version": [0, 99, 10**30],
        "change": [0, 10**30],
        "pk": [theirs, 0, 10**30],
        "key": ["p1", "zz"],
        "section": [wards.theirs["section"], 0, 10**30],
    }
    own = own_values(wards, name)
    return [(part, own | {part: value}) for part in sorted(own) for value in strange[part]]


def client_of(wards, word):
    client = Client(raise_request_exception=False)
    if word != "anonymous":
        client.force_login(wards.actor(word))
        client.get("/accounts/password/")  # writes that the session was used, which happens once a minute
    return client


def ask(client, method, address):
    return getattr(client, method)(address, SENT if method == "post" else None)


def addresses(*kinds):
    return sorted(name for kind in kinds for name in ADDRESSES[kind])


# ---- methods ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["anonymous", "staff", "manager", "admin"])
def test_verbs_are_never_done_by_opening_their_address(wards, word):
    client, before, wrong = client_of(wards, word), snapshot(), []
    for name in sorted(POSTED_ONLY):
        address = reverse(name, kwargs=own_values(wards, name))
        for method in ("get", "head", "put", "patch", "delete"):
            answer = getattr(client, method)(address)
            allowed = set(answer.get("Allow", "").split(", ")) - {"OPTIONS"}
            if (answer.status_code, allowed) != (405, {"POST"}):
                wrong.append((method, address, answer.status_code, allowed))
    assert wrong == []
    assert not difference(before, snapshot())


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["anonymous", "staff", "manager", "admin"])
def test_pages_take_nothing(wards, word):
    client, before, wrong = client_of(wards, word), snapshot(), []
    for name in addresses("page", "file", "public"):
        address = reverse(name, kwargs=own_values(wards, name))
        for method in ("post", "put", "delete"):
            if (code := getattr(client, method)(address, SENT).status_code) != 405:
                wrong.append((method, address, code))
    assert wrong == []
    assert not difference(before, snapshot())


@pytest.mark.django_db
def test_without_log_in_every_address_leads_to_it(wards):
    client, before, wrong = client_of(wards, "anonymous"), snapshot(), []
    for name in addresses("page", "file", "form", "verb"):
        address = reverse(name, kwargs=own_values(wards, name))
        for method in METHODS[KINDS[name]]:
            answer = ask(client, method, address)
            text = answer.content.decode()
            led = answer.status_code == 302 and answer["Location"].startswith("/accounts/login/?next=")
            in_place = answer.status_code == 200 and "利用者ID" in text and SENT["issues"] in text
            if not (led or in_place or (name, answer.status_code) == ("reviews:autosave", 401)):
                wrong.append((method, address, answer.status_code))
            assert wards.initiative.title not in text
    assert wrong == []
    assert not difference(before, snapshot())


# ---- strangers -------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["staff", "manager", "admin", "viewer"])
def test_what_an_address_names_wrongly_is_not_found(wards, word):
    client, before, wrong = client_of(wards, word), snapshot(), []
    for name in addresses("page", "file", "form", "verb", "public"):
        for method in METHODS[KINDS[name]]:
            with scratch():
                own = ask(client, method, reverse(name, kwargs=own_values(wards, name))).status_code
            for part, values in strange_values(wards, name):
                address = reverse(name, kwargs=values)
                answer = ask(client, method, address)
                text = answer.content.decode(errors="replace")
                # Who may not do it anywhere in the ward is told so, and not whether such a sheet exists.
                allowed = {404, 403} if own == 403 and part != "ward" else {404}
                if answer.status_code not in allowed or any(words in text for words in NEIGHBOURS_WORDS):
                    wrong.append((method, address, answer.status_code))
    assert wrong == []
    assert not difference(before, snapshot())


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["staff_other_section", "manager_other_section"])
def test_other_section_reads_what_is_submitted_and_does_nothing(wards, word):
    client, before, found = client_of(wards, word), snapshot(), {}
    expected = {}
    for name in addresses("page", "file", "form", "verb"):
        if not PATTERNS[name] >= SHEET:
            continue
        address = reverse(name, kwargs=own_values(wards, name))
        if KINDS[name] != "verb":
            expected["get", name] = OTHER_SECTION[name]
            found["get", name] = client.get(address).status_code
        if KINDS[name] in ("form", "verb"):
            expected["post", name] = OTHER_SECTION_SENDS.get(name, 403)
            found["post", name] = client.post(address, SENT).status_code
    assert found == expected
    assert not difference(before, snapshot())


@pytest.mark.django_db
def test_other_ward_finds_nothing(wards):
    client, before, wrong = client_of(wards, "other_ward"), snapshot(), []
    for name in addresses("page", "file", "form", "verb"):
        for method in METHODS[KINDS[name]] if "ward" in PATTERNS[name] else []:
            address = reverse(name, kwargs=own_values(wards, name))
            answer = ask(client, method, address)
            if answer.status_code != 404 or wards.initiative.title in answer.content.decode():
                wrong.append((method, address, answer.status_code))
    assert wrong == []
    assert not difference(before, snapshot())


# ---- what a form names ---------------------------------------------------------------------------------


def forged(wards):
    """List (actor, address, fields, code, rows may change): forms that name what is not theirs to name."""
    theirs, year, sheet = wards.theirs, "/mihon/2020/", "/mihon/2020/1/midyear/"
    huge = "9" * 40
    return [
        ("manager", "/queue/approve/", {"chosen": "tonari/2020/1/midyear:2"}, 404),
        (
            "manager",
            "/queue/approve/",
            {"chosen": ["mihon/2020/1/midyear:2", "tonari/2020/1/midyear:2"]},
            404,
        ),
        ("manager", "/queue/approve/", {"chosen": "mihon/2020/99/midyear:2"}, 404),
        ("manager", "/queue/approve/", {"chosen": "mihon/0000/1/midyear:2"}, 404),
        ("manager", "/queue/approve/", {"chosen": "../../1"}, 404),
        ("manager", "/queue/approve/", {"chosen": "mihon/2020/2/self-evaluation:2"}, 302),
        ("manager", "/queue/approve/", {"chosen": f"mihon/2020/1/midyear:{huge}"}, 302),
        ("manager", "/queue/deputies/", {"section": theirs["section"], "deputy": wards.staff.pk}, 404),
        ("manager", "/queue/deputies/", {"section": wards.other_section.pk, "deputy": wards.staff.pk}, 404),
        ("manager", "/queue/deputies/", {"section": wards.section.pk, "deputy": wards.other_ward.pk}, 200),
        ("manager", "/queue/deputies/", {"section": wards.section.pk, "deputy": huge}, 200),
        ("manager", "/queue/deputies/", {"section": "x"}, 404),
        ("manager_other_section", f"/queue/deputies/{wards.deputy_row.pk}/end/", {}, 403),
        ("admin", f"{year}plan/sections/", {"section_1": theirs["section"], "version": 1, "apply": "1"}, 200),
        ("admin", f"{year}plan/sections/", {"section_1": huge, "version": 1, "apply": "1"}, 200),
        ("admin", f"{year}plan/sections/", {"from": huge, "to": "x", "version": 1, "apply": "1"}, 200),
        ("admin", f"{year}progress/publish-approved/", {"phase": "midyear", "sheet": "99:1"}, 404),
        ("admin", f"{year}progress/publish-approved/", {"phase": "midyear", "sheet": f"1:{huge}"}, 302),
        ("admin", f"{year}progress/publish-approved/", {"phase": "year_end", "sheet": "1:2"}, 302),
        ("admin", f"{year}progress/window/", {"phase": "year_end", "version": 1}, 404),
        ("admin", f"{year}progress/decision/", {"phase": "plan", "version": 1}, 404),
        ("manager", f"{sheet}approve/", {"version": huge}, 409),
        ("manager", f"{sheet}approve/", {"version": "-1"}, 409),
        ("manager", f"{sheet}approve/", {"version": "２.0"}, 409),
        ("manager", f"{sheet}approve/", {}, 409),
        ("staff", f"{year}import/apply/", {"reading": "not-signed"}, 200),
        ("staff", f"{year}import/marked/", {"file": "bm90IGEgZmlsZQ=="}, 200),
        ("staff", f"{year}import/marked/", {"file": "%%%"}, 200),
        ("admin", f"{year}plan/import/", {"carried": "not-signed", "opened": huge}, 200),
        ("admin", f"{year}plan/confirm-cells/", {"number": "99", "cells": "x", "version": 1}, 404),
        ("staff", f"{sheet}", {"version": 2, "opened_by": "not-signed", "issues": "文"}, 409),
        ("staff", f"{sheet}autosave/", {"version": 2, "opened_by": "not-signed", "issues": "文"}, 409),
    ]


@pytest.mark.django_db
def test_forms_that_name_what_is_not_theirs_change_nothing(wards):
    before, wrong = snapshot(), []
    members = list(Membership.objects.order_by("pk").values_list())
    for word, address, fields, code in forged(wards):
        answer = client_of(wards, word).post(address, fields)
        text = answer.content.decode()
        leaks = [words for words in NEIGHBOURS_WORDS if words in text]
        if answer.status_code != code or leaks:
            wrong.append((word, address, fields, answer.status_code, leaks))
        if changed := difference(before, snapshot()):
            wrong.append((word, address, fields, changed))
            break
    assert wrong == []
    assert list(Membership.objects.order_by("pk").values_list()) == members


@pytest.mark.django_db
def test_revisions_of_others_are_not_public(wards):
    with scratch():
        wards.review_in("published")
        client = client_of(wards, "anonymous")
        address = "/public/mihon/2020/1/"
        assert client.get(address).status_code == client.get(f"{address}?revision=1").status_code == 200
        for wanted in ("0", "2", "-1", "x", "9" * 40, "１", ""):
            assert client.get(address, {"revision": wanted}).status_code == 404, wanted
        for other in ("/public/mihon/2020/2/", "/public/tonari/2020/1/", "/public/mihon/2019/1/"):
            assert client.get(other).status_code == 404
