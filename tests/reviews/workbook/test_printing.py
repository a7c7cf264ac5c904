"""The workbook as LibreOffice prints it: what a person would hold in hand."""

import io
import re
import subprocess

import pytest
from django.core.management import call_command
from openpyxl import load_workbook
from pypdf import PdfReader

from initiatives.form import read_form
from initiatives.management.commands import load_demo
from initiatives.models import Initiative, YearPlan
from reviews.models import Review
from reviews.sheet import read_sheets, with_everything
from reviews.workbook.contents import GAP
from reviews.workbook.drawing import SCALE, TEXT_SIZE
from reviews.workbook.layout_file import read_layout
from reviews.workbook.stamp import read_stamp
from reviews.workbook.writer import write_sheet, write_workbook
from tests.reviews.workbook.other_layout import R2_LAYOUT
from tests.reviews.workbook.samples import (
    ANSWERS,
    AT,
    EVALUATION_ISSUES,
    MIDYEAR_ISSUES,
    R2,
    R2_NAMES,
    R9,
    RESULTS,
    make_sheet,
)
from wardplan.accounts.models import User

pytestmark = pytest.mark.libreoffice


@pytest.fixture(scope="module")
def convert(tmp_path_factory):
    """Give a function that opens a workbook with LibreOffice and saves it in another format."""
    folder = tmp_path_factory.mktemp("libreoffice")

    def convert(content, ending):
        (folder / "book.xlsx").write_bytes(content)
        saved = folder / ending
        subprocess.run(
            [
                "soffice",
                f"-env:UserInstallation={(folder / 'profile').as_uri()}",
                "--headless",
                "--convert-to",
                ending,
                "--outdir",
                saved,
                folder / "book.xlsx",
            ],
            check=True,
            capture_output=True,
            timeout=180,
        )
        return (saved / f"book.{ending}").read_bytes()

    return convert


@pytest.fixture(scope="module")
def printed(convert):
    """Give a function that prints a workbook and tells the text of each page, without white space."""

    def printed(content):
        pages = PdfReader(io.BytesIO(convert(content, "pdf"))).pages
        return [squeezed(page.extract_text()) for page in pages]

    return printed


def squeezed(text):
    return re.sub(r"\s", "", text)


def texts_in(content):
    """List every text of a workbook, line by line."""
    return [
        line
        for page in load_workbook(io.BytesIO(content))
        for row in page
        for cell in row
        if isinstance(cell.value, str)
        for line in cell.value.split("\n")
    ]


@pytest.fixture
def demo_sheets(db):
    """Read the demo's four sheets as its admin does, with look-backs of the usual length."""
    call_command("loaddata", *load_demo.FIXTURES, verbosity=0)
    for initiative in Initiative.objects.all():
        for phase, answers in ANSWERS.items():
            Review.objects.create(
                initiative=initiative, phase=phase, status="draft", version=1, answers=answers
            )
    plan = YearPlan.objects.get_by_natural_key("mihon", 2020)
    initiatives = with_everything(Initiative.objects.filter(plan=plan))
    return read_sheets(initiatives, read_form(plan.edition), User.objects.get_by_natural_key("admin"))


def test_demo_sheets_print_on_one_page_each_with_every_text(demo_sheets, printed):
    content = write_workbook(demo_sheets, at=AT)
    pages = printed(content)
    assert len(pages) == 4
    for number, (sheet, page) in enumerate(zip(demo_sheets, pages, strict=True), 1):
        assert squeezed(sheet.heading) in page
        assert f"{number}/4ページ" in page
        for text in (MIDYEAR_ISSUES, RESULTS, EVALUATION_ISSUES, sheet.section):
            assert squeezed(text) in page
        for line in (*sheet.purpose, *sheet.overview, *sheet.activities):
            assert squeezed(line.as_written) in page
        for target in (*sheet.policy_targets, *sheet.annual_targets):
            assert squeezed(f"○{target.heading}{target.wording}{target.quote_text(GAP)}") in page
    everything = "".join(pages)
    assert not [line for line in texts_in(content) if squeezed(line) not in everything]


def test_blank_sheet_prints_all_legends_and_no_tick(printed):
    (page,) = printed(write_sheet(make_sheet(), at=AT))
    for legend in ("(i)実施見込み", "(ii)実施できない見込み", "①:目標達成", "②:目標未達成"):
        assert legend in page
    assert "✓" not in page


def test_another_editions_sheet_prints_every_text(printed):
    answers = {"progress": 2, "mark": {"a1": 1}, "summary": RESULTS, "next": MIDYEAR_ISSUES}
    content = write_sheet(make_sheet({"review": answers}, form=R9), at=AT)
    (page,) = printed(content)
    assert not [line for line in texts_in(content) if squeezed(line) not in page]


def test_a_second_layout_prints_every_text_upright_with_its_head_on_each_page(printed, convert):
    answers = {
        "midyear": {"implementation": 1, "outlook": 2, "issues": numbered(2500)},
        "self_evaluation": {"results": numbered(2500), "achievement": 2, "issues": RESULTS},
    }
    layout = read_layout(R2_LAYOUT, R2)
    content = write_workbook([make_sheet(answers)], at=AT, layout=layout)
    pages = PdfReader(io.BytesIO(convert(content, "pdf"))).pages
    assert len(pages) > 1 and all(page.mediabox.height > page.mediabox.width for page in pages)
    texts = [squeezed(page.extract_text()) for page in pages]
    assert all("取組項目1【人と人とのつながりづくり】" in text for text in texts)
    everything = "".join(texts)
    assert not [line for line in texts_in(content) if squeezed(line) not in everything]


def numbered(length):
    """Make a text of a certain length, a numbered sentence a line, so that each can be looked for."""
    lines = (
        f"第{number}文。下半期は、回収ボックスの設置を区内で企業と連携して行う。" for number in range(1, 999)
    )
    return "\n".join(lines)[:length]


@pytest.fixture(scope="module")
def longest(convert):
    """Give the workbook with the longest texts that may be submitted, and its printed pages."""
    text = numbered(4000)
    answers = {
        "midyear": {"implementation": 1, "outlook": 2, "issues": text},
        "self_evaluation": {"results": text, "achievement": 2, "issues": text},
    }
    content = write_sheet(make_sheet(answers), at=AT)
    return content, PdfReader(io.BytesIO(convert(content, "pdf"))).pages


def test_longest_texts_stay_whole_in_their_cells(longest):
    values = [cell.value for row in load_workbook(io.BytesIO(longest[0])).active for cell in row]
    assert values.count(numbered(4000)) == 3


def test_longest_texts_print_whole_with_the_head_on_each_page(longest):
    content, pages = longest
    assert len(pages) > 4
    in_sight = ""
    for page, top, bottom in printed_areas(content, pages):
        lines = lines_of(page)
        assert "取組項目1【人と人とのつながりづくり】" in squeezed("".join(text for _, text in lines))
        in_sight += squeezed("".join(text for base, text in lines if bottom < base < top))
    for line in numbered(4000).split("\n"):
        assert in_sight.count(line) == 3, line


def test_pages_end_between_lines(longest):
    size = TEXT_SIZE * SCALE / 100
    for page, top, bottom in printed_areas(*longest):
        for base, text in lines_of(page):
            # The font stands 0.88 em above its base line and 0.12 em below it.
            for edge in (top, bottom):
                cut = min(base + 0.88 * size - edge, edge - base + 0.12 * size)
                assert cut < 0.12 * size, f"{text} is cut at the end of a page"


def printed_areas(content, pages):
    """Give each page with the heights between which its own rows stand, below the repeated head."""
    sheet = load_workbook(io.BytesIO(content)).active
    ends = [brk.id for brk in sheet.row_breaks.brk]
    high = {row: dimension.height * SCALE / 100 for row, dimension in sheet.row_dimensions.items()}
    head = sum(high[row] for row in (1, 2, 3))
    for page, first, last in zip(pages, [1, *(end + 1 for end in ends)], [*ends, len(high)], strict=True):
        top = float(page.mediabox.height) - 10 / 25.4 * 72 - (0 if first == 1 else head)
        yield page, top, top - sum(high[row] for row in range(first, last + 1))


def lines_of(page):
    """Give the pieces of text of a page with the height of their base line, those out of sight too."""
    pieces = []

    def visit(text, current, matrix, *rest):
        if text.strip():
            pieces.append((current[3] * matrix[5] + current[5], text))

    page.extract_text(visitor_text=visit)
    return pieces


def test_names_stamp_and_text_survive_libreoffice(convert):
    text = "=1+1\n  _x000D_ ①"
    content = write_sheet(make_sheet({**ANSWERS, "midyear": {"outlook": 2, "issues": text}}), at=AT)
    page = load_workbook(io.BytesIO(convert(content, "xlsx"))).active
    assert set(page.defined_names) >= R2_NAMES | {"stamp"}
    assert read_stamp(page.defined_names["stamp"].attr_text).number == "1"
    address = page.defined_names["midyear_outlook"].attr_text.rpartition("!")[2].replace("$", "")
    assert page[address].value == "②"
    assert page.print_title_rows == "$1:$3"
    assert {offer.formula1 for offer in page.data_validations.dataValidation} == {'"①,②"', '"(i),(ii)"'}
