import pytest

from initiatives.models import Initiative, YearPlan
from reviews import permissions
from reviews.models import Review
from tests.cast import STATES
from tests.pages import Page

PAGE = "/mihon/2020/1/midyear/wordings/issues/"


@pytest.fixture
def read(client):
    def read(user, address=PAGE, **wanted):
        client.force_login(user)
        return Page(client.get(address, wanted))

    return read


def place(cast, where):
    """Give a sheet of another section this year, of this ward's last year, or of another ward."""
    if where == "this year":
        return cast.other_initiative
    ward, section = (
        (cast.neighbour, cast.neighbours_section)
        if where == "other ward"
        else (cast.ward, cast.other_section)
    )
    year = 2020 if where == "other ward" else 2019
    plan = YearPlan.objects.create(
        ward=ward, fiscal_year=year, edition=cast.edition, status="published", version=1
    )
    return Initiative.objects.create(plan=plan, number="7", position=7, title="よその取組", section=section)


SHOWN = {
    "this year": {"submitted", "approved", "published"},
    "last year": {"approved", "published"},
    "other ward": {"published"},
}


@pytest.mark.parametrize("where", SHOWN)
@pytest.mark.parametrize("status", STATES)
def test_only_what_may_be_read_is_an_example(cast, read, where, status):
    sheet = place(cast, where)
    review = cast.review_in(status, initiative=sheet, answers=cast.answers(issues="よその課の書き方"))
    shown = status in SHOWN[where]
    review.initiative = sheet
    assert permissions.can_quote(cast.staff, review, cast.plan) == shown
    assert ("よその課の書き方" in read(cast.staff).text) == shown


def test_published_text_of_an_unpublished_plan_stays_in_its_ward(cast, read):
    sheet = place(cast, "other ward")
    YearPlan.objects.filter(pk=sheet.plan_id).update(status="confirmed")
    cast.review_in("published", initiative=sheet, answers=cast.answers(issues="よその課の書き方"))
    assert "よその課の書き方" not in read(cast.staff).text


def test_newest_come_first_and_the_own_last_year_is_named(cast, read):
    before = place(cast, "last year")
    Initiative.objects.filter(pk=cast.initiative.pk).update(continues=before)
    cast.review_in("approved", initiative=before, answers=cast.answers(issues="昨年の文"))
    cast.review_in("submitted", initiative=cast.other_initiative, answers=cast.answers(issues="今年の文"))
    cast.review_in("submitted", answers=cast.answers(issues="いま書いている文"))
    text = read(cast.staff).text
    assert text.index("今年の文") < text.index("このシートの前年度") < text.index("昨年の文")
    assert "いま書いている文" not in text


def test_words_are_searched_for(cast, read):
    issues = "SNSでの発信を、若年層に 100%届ける。"
    cast.review_in("submitted", initiative=cast.other_initiative, answers=cast.answers(issues=issues))
    for words, found in [
        ("sns 若年層", True),
        ("若年層 高齢者", False),
        ("100%", True),
        ("1%0", False),
        ("\x00", True),
        ("あ" * 500, False),
        ("' OR 1=1", False),
    ]:
        assert (issues in read(cast.staff, words=words).text) == found, words
    assert "「高齢者」を含む文は見つかりません。" in read(cast.staff, words="高齢者").text


def test_number_of_examples_is_limited(cast, read):
    answers = cast.answers(issues="同じ欄の文")
    for number in range(30, 55):
        sheet = Initiative.objects.create(
            plan=cast.plan, number=str(number), position=number, title="別", section=cast.other_section
        )
        Review.objects.create(
            initiative=sheet,
            phase="midyear",
            status="submitted",
            version=1,
            answers=answers,
            submitted_by=cast.staff,
        )
    assert read(cast.staff).html.count("同じ欄の文") == 20


@pytest.mark.parametrize(
    "address",
    [
        PAGE.replace("issues", "outlook"),
        PAGE.replace("issues", "nothing"),
        PAGE.replace("midyear", "self-evaluation").replace("issues", "figure"),
    ],
)
def test_only_texts_of_the_sheet_have_examples(cast, client, address):
    client.force_login(cast.staff)
    assert client.get(address).status_code == 404


def test_form_offers_the_page_beside_its_text_and_loads_nothing(cast, read):
    answers = cast.answers(issues="よその課の書き方")
    cast.review_in("submitted", initiative=cast.other_initiative, answers=answers)
    page = read(cast.staff, "/mihon/2020/1/midyear/")
    assert f'href="{PAGE}"' in page.html
    assert "よその課の書き方" not in page.text
