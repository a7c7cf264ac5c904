import json

import pytest
from django.core.management import CommandError, call_command

from reviews import workflow
from tests.cast import NOW, snapshot
from tests.reviews.workbook.returned import addressed, exported, filled

MINE = "Excelで書いた課題と、その改善策。"
THEIRS = "画面で書いた課題と、その改善策。"


@pytest.fixture
def draft(cast):
    cast.review_in("draft")
    return exported(cast.staff, cast.plan)


@pytest.fixture
def run(tmp_path, capsys):
    """Give a function that imports a file; it tells the exit code, and what was printed."""

    def run(content, *options, by="staff"):
        file = tmp_path / "in.xlsx"
        file.write_bytes(content)
        try:
            call_command("import_sheets", str(file), *options, by=by)
            code = 0
        except CommandError as error:
            code = error.returncode
        return code, capsys.readouterr().out

    return run


def test_dry_run_prints_the_changes_as_json_and_writes_nothing(cast, draft, run):
    before = snapshot()
    content = filled(draft, "1", midyear_issues=MINE, midyear_outlook="1")
    code, printed = run(content, "--dry-run", "--json")
    assert code == 0
    assert json.loads(printed) == {
        "changes": [
            {"sheet": "1", "field": "midyear.outlook", "old": "②", "new": "①"},
            {"sheet": "1", "field": "midyear.issues", "old": cast.answers()["issues"], "new": MINE},
        ],
        "conflicts": [],
        "errors": [],
    }
    assert snapshot() == before


def test_import_goes_through_the_verb(cast, draft, run):
    code, printed = run(filled(draft, "1", midyear_issues=MINE))
    assert code == 0 and "1件の振り返り・評価に反映しました。" in printed
    assert cast.review().answers["issues"] == MINE
    assert (cast.events()[-1].verb, cast.events()[-1].by) == ("import", cast.staff)


def test_untouched_file_is_no_error(cast, draft, run):
    before = snapshot()
    assert run(draft, "--json") == (0, '{\n "changes": [],\n "conflicts": [],\n "errors": []\n}\n')
    assert "変わるところはありません。" in run(draft, "--dry-run")[1]
    assert snapshot() == before


def test_conflict_ends_with_one_and_shows_three_texts(cast, draft, run):
    answers = cast.answers(issues=THEIRS)
    workflow.save(cast.initiative, "midyear", by=cast.second_staff, at=NOW, version=1, answers=answers)
    before = snapshot()
    content = filled(draft, "1", midyear_issues=MINE, midyear_outlook="1")
    for options in (["--json"], ["--dry-run", "--json"]):
        code, printed = run(content, *options)
        assert code == 1
        assert json.loads(printed)["conflicts"] == [
            {
                "sheet": "1",
                "field": "midyear.issues",
                "base": cast.answers()["issues"],
                "mine": MINE,
                "theirs": THEIRS,
            }
        ]
    assert snapshot() == before


def test_errors_end_with_one_and_name_sheet_cell_and_field(cast, draft, run):
    before = snapshot()
    code, printed = run(filled(draft, "1", midyear_outlook="③", midyear_issues=MINE), "--json")
    assert code == 1
    assert json.loads(printed)["errors"] == [
        {
            "sheet": "1",
            "cell": addressed(draft, "1", "midyear_outlook"),
            "field": "midyear.outlook",
            "message": "「③」は選べません。①か②を入れてください。",
        }
    ]
    assert snapshot() == before


@pytest.mark.parametrize(
    ("by", "content", "sentence"),
    [
        ("staff", b"a,b\n", "CSVなどの文字だけのファイルです。"),
        ("viewer", None, "viewer は、この区のシートに取り込めません。"),
        ("other_ward", None, "計画は見つかりません。"),
    ],
)
def test_file_that_cannot_be_taken_at_all_is_one_error(cast, draft, run, by, content, sentence):
    code, printed = run(content or draft, "--json", by=by)
    assert code == 1
    (error,) = json.loads(printed)["errors"]
    assert sentence in error["message"]


def test_unknown_user_and_missing_file_are_named(cast):
    with pytest.raises(CommandError, match="利用者ID「nobody」の利用者はいません。"):
        call_command("import_sheets", "in.xlsx", by="nobody")
    with pytest.raises(CommandError, match="を読めません。場所と名前を確かめてください。"):
        call_command("import_sheets", "/nonexistent/in.xlsx", by="staff")
