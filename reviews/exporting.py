"""Take sheets out as workbooks: 目次 in front, the forms, and behind them data and charts.

The forms stay what they are; every other page is marked as not to be read back.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import IO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from initiatives.form import OfficialForm, read_form
from initiatives.indicator_years import figures_on_chart, read_many, read_measurements
from initiatives.models import Event, PlanPhase, YearPlan
from wardplan.accounts.models import Section, User
from wardplan.era import to_jst
from wardplan.fiscal_year import FiscalYear

from .evidence import with_evidence
from .sheet import Sheet, read_sheets, with_everything
from .workbook import basis, charts, cover, data_sheet, front_page
from .workbook.charts import Series, fill_charts, make_series
from .workbook.cover import Approvals, Decision, Signed, fill_cover
from .workbook.data_sheet import (
    ANSWER_COLUMNS,
    TARGET_COLUMNS,
    Measured,
    Record,
    answer_records,
    fill_data,
    target_records,
)
from .workbook.file_names import workbook_filename
from .workbook.front_page import Entry, entries_of, fill_front_page
from .workbook.writer import ExtraPages, write_workbook

# What the pages beside the forms hold, as 目次 says it.
HOLDS = {
    cover.NAME: "提出と承認の職名と日時",
    basis.TITLE: "判定のもとになった実績と計算",
    data_sheet.TARGETS: "目標と実績。1行が1つの目標(集計用)",
    data_sheet.ANSWERS: "振り返りと評価。1行が1つの設問(集計用)",
    charts.NAME: "指標ごとの目標と実績の推移",
}
INDEX_FILE = "00_目次.xlsx"


@dataclass(frozen=True)
class Export:
    """What is to be taken out: the sheets of a plan, or of one of its sections.

    `plan` is one that the person may know of, with ward and edition.
    """

    plan: YearPlan
    section: Section | None = None
    with_cover: bool = False
    with_charts: bool = True

    def heading(self, form: OfficialForm) -> str:
        """Name what the workbook holds, in the form's words: 見本区 令和2年度 取組項目(市民協働課)."""
        section = f"({self.section.name})" if self.section else ""
        return f"{self.plan.ward.name} {FiscalYear(self.plan.fiscal_year)} {form.label('item')}{section}"


@dataclass
class Book:
    """A workbook as it was written, with what the index of several wards says of it."""

    form: OfficialForm
    content: bytes = b""
    entries: list[Entry] = field(default_factory=list)
    targets: list[Record] = field(default_factory=list)
    answers: list[Record] = field(default_factory=list)


def write_export(export: Export, *, by: User, at: datetime.datetime, file: str = "") -> Book:
    """Write one workbook, as far as this person may read the sheets.

    The number of queries does not depend on the number of sheets. `file` is the name under which an index
    in another file finds this one.
    """
    sheets = read_exported(export, by)
    indicators = {target.indicator_id for sheet in sheets for target in sheet.initiative.targets.all()}
    measured = read_measurements(indicators, {export.plan.ward_id})
    form = sheets[0].form if sheets else read_form(export.plan.edition)
    heading = export.heading(form)
    book = Book(form, targets=target_records(sheets, measured), answers=answer_records(sheets))
    back = _data_pages(book.targets, book.answers, at)
    if export.with_charts:
        back = {**back, **_chart_page(heading, read_series(indicators, export.plan, by, measured), at)}
    front = _cover_page(heading, sheets, read_approvals(sheets, export.plan), at) if export.with_cover else {}
    written = {*front, *back, *([basis.TITLE] if basis.basis_rows(sheets) else [])}

    def list_forms(page: object, titles: Sequence[str]) -> None:
        others = {title: holds for title, holds in HOLDS.items() if title in written}
        fill_front_page(page, entries_of(sheets, titles), [form], heading=heading, others=others, at=at)
        book.entries = entries_of(sheets, titles, file)

    book.content = write_workbook(sheets, at=at, front={**front, front_page.NAME: list_forms}, back=back)
    return book


def write_wards(
    plans: Sequence[YearPlan],
    target: IO[bytes],
    *,
    by: User,
    at: datetime.datetime,
    with_cover: bool = False,
    with_charts: bool = True,
) -> int:
    """Write a zip file with a workbook for each plan, and one that lists them all; give the number of sheets.

    `plans` are at least one, all of one year. One workbook of 720 sheets would take 260 MB to write and could
    not be brought back, since a returned file is of one ward. Each ward's is written and forgotten before
    the next one is read.
    """
    books = []
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for plan in plans:
            name = workbook_filename(plan).full
            if name in archive.namelist():
                name = f"{plan.ward.slug}_{name}"
            export = Export(plan, with_cover=with_cover, with_charts=with_charts)
            book = write_export(export, by=by, at=at, file=name)
            _add(archive, name, book.content, at)
            book.content = b""
            books.append(book)
        _add(archive, INDEX_FILE, _index(books, FiscalYear(plans[0].fiscal_year), at), at)
    return sum(len(book.entries) for book in books)


def read_exported(export: Export, by: User) -> list[Sheet]:
    """Read the sheets, each as far as the person may read it: seven queries."""
    initiatives = with_everything(export.plan.initiatives.all())
    if export.section is not None:
        initiatives = initiatives.filter(section=export.section)
    ordered = initiatives.order_by("position", "number")
    return with_evidence(read_sheets(ordered, read_form(export.plan.edition), by))


def read_series(indicators: Collection[int], plan: YearPlan, by: User, measured: Measured) -> list[Series]:
    """Read indicators through the years, as far as there are numbers: one query."""
    found = (
        make_series(indicator, figures_on_chart(years))
        for indicator, years in read_many(indicators, plan.ward, by, measured)
    )
    return [series for series in found if series is not None]


def read_approvals(sheets: Iterable[Sheet], plan: YearPlan) -> Approvals:
    """Read from the record who submitted and approved, and what the coordinator noted: two queries."""
    events = Event.objects.filter(
        initiative__in=[sheet.initiative.pk for sheet in sheets], verb__in=("submit", "approve")
    ).order_by("version")
    decided = PlanPhase.objects.filter(plan=plan).exclude(decided_on=None)
    return Approvals(
        signed={
            (event.initiative_id or 0, event.phase, event.verb): Signed(
                event.by_post, event.at, event.on_behalf
            )
            for event in events.defer("content")
        },
        decisions=[
            Decision(row.phase, row.decided_by_post, row.decided_on, row.document_number) for row in decided
        ],
    )


def _data_pages(targets: Sequence[Record], answers: Sequence[Record], at: datetime.datetime) -> ExtraPages:
    return {
        data_sheet.TARGETS: lambda page, _: fill_data(page, targets, TARGET_COLUMNS, at),
        data_sheet.ANSWERS: lambda page, _: fill_data(page, answers, ANSWER_COLUMNS, at),
    }


def _chart_page(heading: str, series: Sequence[Series], at: datetime.datetime) -> ExtraPages:
    title = f"{heading} {charts.NAME}"
    return {charts.NAME: lambda page, _: fill_charts(page, series, heading=title, at=at)}


def _cover_page(
    heading: str, sheets: Sequence[Sheet], approvals: Approvals, at: datetime.datetime
) -> ExtraPages:
    title = f"{heading} {cover.NAME}"
    return {cover.NAME: lambda page, _: fill_cover(page, sheets, approvals, heading=title, at=at)}


def _index(books: Sequence[Book], year: FiscalYear, at: datetime.datetime) -> bytes:
    """Write the workbook that lists every ward's forms, and holds the data of all of them."""
    entries = [entry for book in books for entry in book.entries]
    forms = list({book.form.code: book.form for book in books}.values())
    heading = f"{len(books)}区 {year} {forms[0].label('item')}"
    pages = _data_pages(
        [record for book in books for record in book.targets],
        [record for book in books for record in book.answers],
        at,
    )
    others = {title: HOLDS[title] for title in pages}
    front: ExtraPages = {
        front_page.NAME: lambda page, _: fill_front_page(
            page, entries, forms, heading=heading, others=others, at=at
        )
    }
    return write_workbook([], at=at, front=front, back=pages)


def _add(archive: ZipFile, name: str, content: bytes, at: datetime.datetime) -> None:
    """Add a file as it is: a workbook is packed already."""
    entry = ZipInfo(name, to_jst(at).timetuple()[:6])
    entry.external_attr = 0o600 << 16
    archive.writestr(entry, content)
