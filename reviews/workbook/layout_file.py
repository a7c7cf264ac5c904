"""Read a layout from an .xlsx file, and say everything that is wrong with it at once."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import ceil, inf
from typing import Any
from xml.sax.saxutils import quoteattr
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell.rich_text import CellRichText
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.page import PrintPageSetup
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import tostring

from initiatives.form import FormPhase, FormQuestion, OfficialForm
from initiatives.models import FormLayout
from initiatives.xlsx.cells import read_book
from initiatives.xlsx.characters import holdable, unescape
from initiatives.xlsx.gate import NotOurs, Package, local, open_package

from . import names
from .drawing import layout_file
from .fitting import type_of
from .layout import GAP, INDENT, Block, Layout, Paper, Place, Region, Row
from .looks import Looks
from .pages import text_of, width_of

HEAVIEST = 60_000
"""Of a package's weight (see gate): a form has about 2,000."""
MOST_ROWS, MOST_COLUMNS = 300, 60
_AIR_BELOW = 15.0
"""Points. A row that is lower holds no line of text: it is air, and becomes no higher than MOST_AIR."""
_MOST_AIR = 30.0

# Short and long side in points of the papers that an office has, by Excel's number.
_PAPERS = {
    8: (297, 420),  # A3
    9: (210, 297),  # A4
    11: (148, 210),  # A5
    12: (257, 364),  # B4
    13: (182, 257),  # B5
}
_POINTS = 72 / 25.4
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, OSError, BadZipFile, IllegalCharacterError)
_REFERENCE = re.compile(
    r"(?P<sheet>'(?:[^']|'')+'|[^'!]+)!(?P<area>\$?[A-Z]{1,3}\$?[0-9]{1,7}(?::\$?[A-Z]{1,3}\$?[0-9]{1,7})?)\Z"
)

Area = tuple[int, int, int, int]
"""Left column, top row, right column, bottom row, from 1."""


class NotALayout(NotOurs):
    """The file cannot be a form's layout. `problems` are sentences: what is wrong and what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


def layout_for(form: OfficialForm, targets: Sequence[str] = ()) -> Layout:
    """Give the layout of a form: the edition's own, or the one drawn from its questions.

    Read once in each process. `targets` are the keys of the year's targets, for editions that print a
    question for each of them.
    """
    return _layout(form).for_targets(targets)


@lru_cache(maxsize=16)
def _layout(form: OfficialForm) -> Layout:
    own = FormLayout.objects.filter(digest=form.layout).first() if form.layout else None
    if own is not None:
        try:
            return read_layout(bytes(own.content), form)
        except NotOurs:
            # Questions were changed since: sheets must go out all the same, and the edition's page says so.
            pass
    return read_layout(layout_file(form), form)


def read_layout(content: bytes, form: OfficialForm) -> Layout:
    """Read a layout. Raises NotALayout with every problem, or NotOurs for what is no .xlsx file of ours."""
    package = open_package(content)
    problems = []
    if package.weight > HEAVIEST:
        raise NotALayout(
            ["シートの中身が多すぎます。様式のほかのシートや、使っていない行と列を削除してください。"]
        )
    if any("drawings/" in part or "media/" in part for part in package.parts):
        problems.append("図やグラフが入っています。様式には使えないので、削除してください。")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(content), rich_text=True)
        if not book.worksheets:
            raise NotALayout(["シートがありません。様式のシートを最初に置いてください。"])
        styles, conditional = _first_sheet(package)
        if conditional:
            where = f": {'、'.join(filter(None, conditional))}" if any(conditional) else ""
            problems.append(
                "条件付き書式が入っています。様式では働かないので、「ホーム」タブの「条件付き書式」から"
                f"ルールを削除してください{where}。"
            )
        return _Reader(book, form, styles, problems).read()
    except NotOurs:
        raise
    except _UNREADABLE as error:
        raise NotALayout(
            ["Excelのファイルとして読み取れません。Excelで開き、別の名前を付けて.xlsxで保存してください。"]
        ) from error


def _first_sheet(package: Package) -> tuple[dict[str, int], list[str]]:
    """Read which style each cell of the first sheet has, and where its looks depend on what is written.

    A condition that Excel keeps among its later additions (icons, bars) says elsewhere for which cells it is.
    """
    styles: dict[str, int] = {}
    conditional: list[str] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        name = local(element)
        if name == "c":
            styles[attributes.get("r", "")] = int(attributes.get("s", "0"))
        elif name == "conditionalFormatting":
            conditional.append(attributes.get("sqref", "").replace(" ", "、"))

    pages = read_book(package).pages
    if pages and pages[0].part:
        package.parse(pages[0].part, start)
    return styles, conditional


@dataclass
class _Reader:
    book: Workbook
    form: OfficialForm
    styles: Mapping[str, int]
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page: Worksheet = self.book.worksheets[0]
        self.merged: dict[tuple[int, int], Area] = {}
        for area in self.page.merged_cells.ranges:
            self.merged[area.min_row, area.min_col] = (area.min_col, area.min_row, area.max_col, area.max_row)
        self.looks = Looks(self.book)
        self.digit = _digit_of(self.book._fonts[0]) if self.book._fonts else 7

    def read(self) -> Layout:
        """Read everything, and raise NotALayout when anything is wrong."""
        found = self.names()
        right, bottom = self.extent()
        if not self.problems:
            self.check_areas(found, right, bottom)
        if self.problems:
            raise NotALayout(self.problems)
        columns = tuple(self.pixels(number) for number in range(1, right + 1))
        cells = {area[1::-1]: name for name, area in found.items() if not name.endswith("__targets")}
        places = [self.place(area, cells.get(area[1::-1], "")) for area in self.areas(right, bottom)]
        head = self.head_rows()
        blocks = []
        for first, last in ((1, head), *self.blocks(places, head, bottom)):
            mine = [place for place in places if first <= place.row + 1 <= last]
            region = next(
                (
                    Region(top - first, low - top + 1, left - 1, far - left + 1)
                    for name, (left, top, far, low) in found.items()
                    if name.endswith("__targets") and first <= top <= last
                ),
                None,
            )
            mine = [_measured(replace(place, row=place.row + 1 - first), columns) for place in mine]
            heights = [self.height(row) for row in range(first, last + 1)]
            blocks.append(Block(_growing(heights, mine), tuple(mine), region))
        return Layout(
            columns,
            blocks[0],
            tuple(blocks[1:]),
            self.paper(columns),
            self.looks.book,
            self.looks.variants(any(block.region for block in blocks)),
            self.view(),
        )

    # --- names -------------------------------------------------------------------------------------------

    def names(self) -> dict[str, Area]:
        """Find where each name points to; what is missing, doubled, unknown or astray is a problem."""
        needed, optional = names.required(self.form), names.optional(self.form)
        found: dict[str, list[str]] = {}
        for scope in (self.book.defined_names, *(page.defined_names for page in self.book.worksheets)):
            for name, defined in scope.items():
                if not name.lower().startswith(("_xlnm", "_xlfn", "_xlpm", "_xleta")) and not defined.hidden:
                    found.setdefault(name.lower(), []).append(defined.attr_text or "")
        missing = [f"{name}({words})" for name, words in needed.items() if name not in found]
        doubled = [name for name, references in found.items() if len(references) > 1]
        unknown = [name for name in found if name not in needed and name not in optional]
        if missing:
            self.problems.append(
                f"名前のないセルがあります。次の名前を付けてください: {'、'.join(missing)}。"
            )
        if doubled:
            self.problems.append(
                f"同じ名前が2か所にあります。1つを残して削除してください: {'、'.join(doubled)}。"
            )
        if unknown:
            self.problems.append(
                "この版の様式にない名前があります。つづりを直すか、名前を削除してください: "
                f"{'、'.join(unknown)}。"
            )
        areas = {}
        astray = []
        for name, references in found.items():
            if name in unknown:
                continue
            area = self.area(references[0], several=name.endswith("__targets"))
            if area is None:
                astray.append(name)
            else:
                areas[name] = area
        if astray:
            self.problems.append(
                f"最初のシート「{self.page.title}」の1つのセル(または結合したセル)を指していない名前が"
                f"あります。名前を付け直してください: {'、'.join(astray)}。"
            )
        self.check_shared(areas)
        return areas

    def area(self, reference: str, *, several: bool) -> Area | None:
        """Read where a name points to: one cell, merged or not, of the first sheet; None for all else."""
        parts = _REFERENCE.match(reference)
        if parts is None:
            return None
        title = parts["sheet"]
        title = title[1:-1].replace("''", "'") if title.startswith("'") else title
        if title != self.page.title:
            return None
        left, top, right, bottom = range_boundaries(parts["area"].replace("$", ""))
        if several:
            return left, top, right, bottom
        whole = self.merged.get((top, left), (left, top, left, top))
        return whole if (left, top, right, bottom) in (whole, (left, top, left, top)) else None

    def check_shared(self, areas: Mapping[str, Area]) -> None:
        cells: dict[Area, list[str]] = {}
        for name, area in areas.items():
            if not name.endswith("__targets"):
                cells.setdefault(area, []).append(name)
        for (left, top, _, _), several in cells.items():
            if len(several) > 1:
                where = f"{get_column_letter(left)}{top}"
                self.problems.append(
                    f"セル{where}に名前が{len(several)}つ付いています。1つにしてください: "
                    f"{'、'.join(several)}。"
                )

    def check_areas(self, found: Mapping[str, Area], right: int, bottom: int) -> None:
        """Check what the form needs of its cells: in print, repeated wholly, no formula, the symbol."""
        outside = [name for name, area in found.items() if area[2] > right or area[3] > bottom]
        if outside:
            self.problems.append(f"印刷範囲の外にある名前があります: {'、'.join(outside)}。")
        for phase in self.form.phases:
            region = found.get(names.region_of(phase.key))
            if region is not None:
                self.check_region(phase, region, found)
        hidden = [row for row in range(1, bottom + 1) if self.page.row_dimensions[row].hidden]
        if hidden or any(self.pixels(column) == 0 for column in range(1, right + 1)):
            self.problems.append("隠れている行や列があります。表示するか、削除してください。")
        formulas = [
            cell.coordinate
            for row in self.page.iter_rows(max_row=bottom, max_col=right)
            for cell in row
            if cell.data_type in ("f", "e", "d")
        ]
        if formulas:
            self.problems.append(
                f"数式、日付、エラーのセルがあります。文字に直してください: {'、'.join(formulas)}。"
            )
        for question in (one for phase in self.form.phases for one in phase.questions if one.on_paper):
            for mark in question.marks:
                name = names.legend_of(names.of(question), mark)
                if mark.on_paper and mark.symbol not in self.text(found[name]):
                    self.problems.append(f"{name} のセルに、記号「{mark.symbol}」がありません。")

    def check_region(self, phase: FormPhase, region: Area, found: Mapping[str, Area]) -> None:
        left, top, right, bottom = region
        own = [
            names.of(question) for question in phase.questions if question.on_paper and question.per_target
        ]
        for name, (first, high, last, low) in found.items():
            inside = left <= first and last <= right and top <= high and low <= bottom
            belongs = any(name == mine or name.startswith(f"{mine}__") for mine in own)
            if not name.endswith("__targets") and inside != belongs:
                where = "の中に置いて" if belongs else "の外に置いて"
                self.problems.append(f"{name} は、{names.region_of(phase.key)} の範囲{where}ください。")
        for first, high, last, low in self.merged.values():
            across = first <= right and left <= last and high <= bottom and top <= low
            inside = left <= first and last <= right and top <= high and low <= bottom
            if across and not inside:
                cell = f"{get_column_letter(first)}{high}"
                self.problems.append(
                    f"結合したセル{cell}が、{names.region_of(phase.key)} の範囲の境をまたいでいます。"
                )

    # --- cells -------------------------------------------------------------------------------------------

    def extent(self) -> tuple[int, int]:
        """Give the last column and row: of the printed area, or of what is used."""
        page = self.page
        right, bottom = page.max_column, page.max_row
        if page.print_area and "," not in page.print_area:
            _, _, far, low = range_boundaries(page.print_area.rpartition("!")[2].replace("$", ""))
            right, bottom = far or right, low or bottom
        for _, _, far, low in self.merged.values():
            if far > right or low > bottom:
                self.problems.append("印刷範囲の端をまたぐ結合したセルがあります。印刷範囲を直してください。")
                break
        if right > MOST_COLUMNS or bottom > MOST_ROWS:
            self.problems.append(
                f"様式は{MOST_ROWS}行、{MOST_COLUMNS}列までです。いまは{bottom}行、{right}列あります。"
                "印刷範囲を設定してください。"
            )
        return right, bottom

    def areas(self, right: int, bottom: int) -> Iterator[Area]:
        """Give every cell of the form, merged ones once, row by row."""
        covered = {
            (row, column)
            for left, top, far, low in self.merged.values()
            for row in range(top, low + 1)
            for column in range(left, far + 1)
        }
        for row in range(1, bottom + 1):
            for column in range(1, right + 1):
                if (row, column) in self.merged:
                    yield self.merged[row, column]
                elif (row, column) not in covered:
                    yield column, row, column, row

    def text(self, area: Area) -> str:
        value = self.page.cell(area[1], area[0]).value
        text = "".join(map(str, value)) if isinstance(value, CellRichText) else str(value or "")
        return holdable(unescape(text))[0]

    def place(self, area: Area, name: str) -> Place:
        left, top, right, bottom = area
        question, target = self.question_of(name)
        is_answer = question is not None and name == names.of(question)
        is_legend = question is not None and not is_answer and not name.endswith("__label")
        faces = tuple(
            self.looks.face(self.style(row, column, area), answer=is_answer, legend=is_legend)
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        )
        cell = self.page.cell(top, left)
        value = cell.value
        font = cell.font
        is_long = (is_answer and question is not None and question.kind == "text") or name in (
            names.POLICY,
            names.ANNUAL,
        )
        place = Place(
            top - 1,
            left - 1,
            bottom - top + 1,
            right - left + 1,
            faces,
            text=self.text(area).strip(" 　✓") if is_legend else self.text(area),
            slot=name,
            run=_run(font),
            type=type_of(font.name or "", float(font.sz or 11)),
            indent=int((cell.alignment.indent or 0) * INDENT),
            is_long=is_long,
            is_legend=is_legend,
            wraps=bool(cell.alignment.wrap_text),
        )
        if is_answer and question is not None:
            phase = self.form.by_phase[question.phase]
            symbols = tuple(mark.symbol for mark in question.marks if mark.on_paper)
            asks = place.type if question.kind == "text" else None
            return replace(
                place, text="", name=name, symbols=symbols, hint=_demands(phase, question), type=asks
            )
        if not name and isinstance(value, CellRichText):
            return replace(place, rich=str(tostring(value.to_tree()), "utf-8"))
        return place if place.text or name else replace(place, type=None)

    def style(self, row: int, column: int, area: Area) -> int:
        """Give a cell's style as the file has it: openpyxl makes up its own for cells inside merged ones."""
        own = self.styles.get(f"{get_column_letter(column)}{row}")
        return own if own is not None else self.styles.get(f"{get_column_letter(area[0])}{area[1]}", 0)

    def question_of(self, name: str) -> tuple[FormQuestion | None, bool]:
        for phase in self.form.phases:
            for question in phase.questions:
                mine = names.of(question)
                if question.on_paper and (name == mine or name.startswith(f"{mine}__")):
                    return question, question.per_target
        return None, False

    # --- rows and columns --------------------------------------------------------------------------------

    def pixels(self, column: int) -> int:
        """Give a column's width; a group of columns says it once."""
        for dimension in self.page.column_dimensions.values():
            first = dimension.min or 0
            if first <= column <= (dimension.max or 0) and dimension.width:
                return 0 if dimension.hidden else round(dimension.width * self.digit)
        return round((self.page.sheet_format.defaultColWidth or 9) * self.digit)

    def height(self, row: int) -> float:
        dimension = self.page.row_dimensions.get(row)
        usual = self.page.sheet_format.defaultRowHeight or 15.0
        return float(dimension.height if dimension is not None and dimension.height else usual)

    def head_rows(self) -> int:
        """Give the last row that is printed on every page: the print titles, or none."""
        rows = (self.page.print_title_rows or "").replace("$", "").partition(":")
        return int(rows[2]) if rows[0] == "1" and rows[2].isdecimal() else 0

    def blocks(self, places: Sequence[Place], head: int, bottom: int) -> list[tuple[int, int]]:
        """Divide the form where no cell reaches across and another phase begins.

        Rows of words only are taken for the headings of what follows: alone at the foot of a page they would
        promise what is not there.
        """
        cuts = [
            row
            for row in range(head, bottom)
            if not any(place.row < row < place.end for place in places) and row > head
        ]
        bands = list(zip([head, *cuts], [*cuts, bottom], strict=True))
        kinds = [self.kind(first, last, places) for first, last in bands]
        following = ""
        for index in reversed(range(len(kinds))):
            if kinds[index]:
                following = kinds[index]
            elif self.is_worded(*bands[index], places):
                kinds[index] = following
        ends = {kind: index for index, kind in enumerate(kinds) if kind}
        blocks: list[list[int]] = []
        kept, until = "", -1
        for index, ((first, last), kind) in enumerate(zip(bands, kinds, strict=True)):
            begins = kind and kind != kept and kept and index > until
            if not blocks or begins:
                blocks.append([first + 1, last])
            else:
                blocks[-1][1] = last
            if kind:
                until = max(until, ends[kind])
                kept = kind if begins or not kept else kept
        return [(first, last) for first, last in blocks]

    def is_worded(self, first: int, last: int, places: Sequence[Place]) -> bool:
        return any(first <= place.row < last and place.text and not place.slot for place in places)

    def kind(self, first: int, last: int, places: Sequence[Place]) -> str:
        for place in places:
            if first <= place.row < last and place.slot:
                question, _ = self.question_of(place.slot)
                if question is not None:
                    return question.phase
                if place.slot in (names.POLICY, names.ANNUAL):
                    return "plan"
        return ""

    # --- the page ----------------------------------------------------------------------------------------

    def view(self) -> str:
        view = copy(self.page.sheet_view)
        grid = "" if view.showGridLines in (None, True) else ' showGridLines="0"'
        zoom = f' zoomScale="{view.zoomScale}" zoomScaleNormal="{view.zoomScale}"' if view.zoomScale else ""
        return f'<sheetView{grid}{zoom} workbookViewId="0"/>'

    def paper(self, columns: Sequence[int]) -> Paper:
        """Read how the form is printed. It fills the paper's width, and never grows beyond its own scale."""
        page = self.page
        setup, margins = page.page_setup, page.page_margins
        number = int(setup.paperSize or 9)
        short, long = _PAPERS.get(number, _PAPERS[9])
        upright = setup.orientation == "portrait"
        width, height = (short, long) if upright else (long, short)
        wide = (width / 25.4 - margins.left - margins.right) * 96
        fitting = int(100 * wide / max(1, sum(columns)))
        wanted = 100 if page.sheet_properties.pageSetUpPr.fitToPage else int(setup.scale or 100)
        scale = max(10, min(wanted, fitting))
        high = (height / 25.4 - margins.top - margins.bottom) * 72
        element = PrintPageSetup(
            orientation="portrait" if upright else "landscape",
            paperSize=number if number in _PAPERS else 9,
            blackAndWhite=setup.blackAndWhite,
        )
        footer = copy(page.oddFooter)
        footer.left.text = GAP
        if footer.left.font is None:
            footer.left.font, footer.left.size = footer.right.font, footer.right.size
        header_footer = copy(page.HeaderFooter)
        header_footer.oddFooter = footer
        return Paper(
            page=high / scale * 100 * 0.98,
            scale=scale,
            smallest=scale * 5 // 6,
            setup=_xml(element),
            margins=_xml(margins),
            options=_xml(page.print_options),
            footer=_xml(header_footer),
        )


def _digit_of(font: Font) -> int:
    """Give the pixels that Excel counts for a digit of the file's standard font: its unit of column widths.

    7 for Calibri 11, 8 for 游ゴシック 11 and ＭＳ Ｐゴシック 11, 7 for BIZ UDゴシック 10.5.
    """
    pixels = float(font.sz or 11) * 4 / 3
    latin = (font.name or "").isascii()
    return max(1, round(pixels * 0.507) if latin else ceil(pixels / 2))


def _xml(element: Any) -> str:
    return str(tostring(element.to_tree()), "utf-8")


def _run(font: Font) -> str:
    """Write a font as the properties of a run of text, with a gap where bold goes."""
    colour = _xml_of_colour(font)
    return f'<rFont val={quoteattr(font.name or "")}/>{GAP}{colour}<sz val="{float(font.sz or 11):g}"/>'


def _xml_of_colour(font: Font) -> str:
    return str(tostring(font.color.to_tree("color")), "utf-8") if font.color is not None else ""


def _measured(place: Place, columns: tuple[int, ...]) -> Place:
    """Measure a text that is the same on every sheet, once."""
    if place.type is None or (place.slot and not place.is_legend):
        return place
    text = text_of(place, {}) if place.wraps else ""
    return replace(place, needs=place.type.height(text, width_of(place, columns)))


def _growing(heights: Sequence[float], places: Sequence[Place]) -> tuple[Row, ...]:
    """Say which rows become higher for a long text.

    A text in a single row makes that row higher. One that is merged beside other cells gives the height it
    needs to air, low rows where nothing is written, and what is more than air should be to the last of them;
    where something is written in every row, all of them share it.
    """
    most = [0.0] * len(heights)
    texts = sorted((place for place in places if place.is_long), key=lambda place: place.rows)
    written = {
        place.row for place in places if place.rows == 1 and not place.is_long and (place.slot or place.text)
    }
    for place in texts:
        span = range(place.row, place.end)
        if any(most[row] == inf for row in span):
            continue
        free = [row for row in span if row not in written]
        if not free:
            most[place.row : place.end] = [inf] * place.rows
            continue
        for row in free:
            most[row] = max(most[row], _MOST_AIR if heights[row] < _AIR_BELOW else inf)
        most[free[-1]] = inf
    return tuple(Row(height, high) for height, high in zip(heights, most, strict=True))


def _demands(phase: FormPhase, question: FormQuestion) -> str:
    """Say which other question an answer makes necessary: ②を選んだときは、課題と改善策も…"""
    sentences = [
        f"{mark.symbol}を選んだときは、{asked.label}も記入してください。"
        for mark in question.marks
        if mark.requires and (asked := phase.question(mark.requires))
    ]
    return "".join(sentences)
