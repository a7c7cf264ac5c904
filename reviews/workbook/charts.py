"""The sheet グラフ: each indicator through the years as a native line chart, with its table beside it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from openpyxl.chart import LineChart, Reference
from openpyxl.chart.data_source import AxDataSource, StrRef
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.text import CharacterProperties, Font, Paragraph, ParagraphProperties
from openpyxl.drawing.xdr import XDRPositiveSize2D
from openpyxl.utils import get_column_letter
from openpyxl.utils.units import pixels_to_EMU
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from initiatives.chart import YearFigures
from initiatives.models import Indicator
from wardplan.fiscal_year import FiscalYear

from .beside import AMOUNT, HEAD, MIDDLE, PLAIN, TITLE, Look, Pen, set_paper, set_widths
from .fitting import height_for
from .writer import FONT

NAME = "グラフ"

_WIDTHS = (100, 60, 90, 90, 20, 580)
_CHART_WIDTH, _CHART_HEIGHT = 580, 320
_ROW = 20
_FEWEST_ROWS = 17
"""Rows that a chart is high, with one of air below it."""
_PAGE_ROWS = 66
_NAME = Look(size=11, bold=True, framed=False)
_EMU_PER_POINT = 12_700


@dataclass(frozen=True)
class Series:
    """An indicator with every year from the first to the last that is known or promised, oldest first."""

    indicator: Indicator
    years: tuple[YearFigures, ...]


def make_series(indicator: Indicator, figures: Sequence[YearFigures]) -> Series | None:
    """Put the years in order and fill the gaps, so that a year of which nothing is known keeps its place.

    None when there is nothing to draw: no year with a number.
    """
    known = {int(one.fiscal_year): one for one in figures if one.target is not None or one.actual is not None}
    if not known:
        return None
    span = range(min(known), max(known) + 1)
    years = tuple(known.get(year) or YearFigures(FiscalYear(year)) for year in span)
    return Series(indicator, years)


def fill_charts(page: Worksheet, series: Sequence[Series], *, heading: str, at: datetime.datetime) -> None:
    """Draw the indicators below each other: the table at the left, its chart beside it."""
    pen = Pen(page)
    set_widths(page, _WIDTHS)
    pen.put(1, 1, heading, TITLE)
    page.row_dimensions[1].height = 28
    pen.put(2, 1, "実線と●は実績、破線と◇は目標です。未判明の年度は、線が途切れます。", PLAIN)
    top = 4
    starts = []
    for one in series:
        starts.append(top)
        top = _draw(pen, one, top)
    if not series:
        pen.put(top, 1, "数値のある指標がありません。", PLAIN)
    set_paper(page, at, landscape=False, head=0)
    page.print_area = f"A1:{get_column_letter(len(_WIDTHS))}{top}"
    _break_pages(page, [*starts, top])


def _draw(pen: Pen, series: Series, top: int) -> int:
    """Write one indicator's table and chart; give the row below both."""
    page, indicator = pen.page, series.indicator
    unit = f"({indicator.unit})" if indicator.unit else ""
    name = f"{indicator.name}{unit}"
    pen.put(top, 1, name, _NAME)
    page.merge_cells(start_row=top, end_row=top, start_column=1, end_column=len(_WIDTHS))
    head = top + 1
    for column, words in enumerate(("年度", "西暦", f"目標{unit}", f"実績{unit}"), 1):
        pen.put(head, column, words, HEAD)
    for row, year in enumerate(series.years, head + 1):
        pen.put(row, 1, year.fiscal_year.label, MIDDLE)
        pen.put(row, 2, int(year.fiscal_year), MIDDLE)
        pen.put(row, 3, year.target, AMOUNT)
        pen.put(row, 4, year.actual, AMOUNT)
    last = head + len(series.years)
    chart = _chart(page, head, last, [value for year in series.years for value in (year.target, year.actual)])
    marker = AnchorMarker(col=len(_WIDTHS) - 1, row=top)
    size = XDRPositiveSize2D(pixels_to_EMU(_CHART_WIDTH), pixels_to_EMU(_CHART_HEIGHT))
    chart.anchor = OneCellAnchor(_from=marker, ext=size)
    page.add_chart(chart)
    below = max(last + 2, top + 1 + _FEWEST_ROWS)
    page.row_dimensions[top].height = max(_ROW * 0.75, height_for(name, sum(_WIDTHS), _NAME.size))
    for row in range(head, below):
        page.row_dimensions[row].height = _ROW * 0.75
    return below


def _chart(page: Worksheet, head: int, last: int, values: Sequence[Decimal | None]) -> LineChart:
    """Make a line chart that is told apart without colour: dashed and hollow the target, solid the actual."""
    chart = LineChart()
    chart.add_data(Reference(page, min_col=3, max_col=4, min_row=head, max_row=last), titles_from_data=True)
    chart.display_blanks = "gap"
    chart.roundedCorners = False
    target, actual = chart.series
    for series in chart.series:
        # As text: openpyxl takes every category for a number.
        years = Reference(page, min_col=1, min_row=head + 1, max_row=last)
        series.cat = AxDataSource(strRef=StrRef(f=str(years)))
    _ink(target, dash="dash", symbol="diamond", size=9, filled=False)
    _ink(actual, dash="solid", symbol="circle", size=7, filled=True)
    chart.legend.position = "b"
    chart.legend.txPr = _letters(900)
    # Excel hides the axes of charts that do not say otherwise.
    for axis in (chart.x_axis, chart.y_axis):
        axis.delete = False
        axis.txPr = _letters(900)
        axis.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill="000000", w=9525))
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="BFBFBF", w=6350))
    chart.y_axis.number_format = "#,##0.####" if _has_fraction(values) else "#,##0"
    chart.y_axis.crosses = "min"
    known = [value for value in values if value is not None]
    if known and min(known) >= 0 and min(known) * 2 < max(known):
        chart.y_axis.scaling.min = 0
    place = ManualLayout(layoutTarget="inner", xMode="edge", yMode="edge", x=0.1, y=0.05, w=0.86, h=0.7)
    chart.layout = Layout(manualLayout=place)
    return chart


def _ink(series: object, *, dash: str, symbol: str, size: int, filled: bool) -> None:
    line = LineProperties(solidFill="000000", prstDash=dash, w=int(1.75 * _EMU_PER_POINT))
    series.graphicalProperties = GraphicalProperties(ln=line)  # type: ignore[attr-defined]
    series.smooth = False  # type: ignore[attr-defined]
    marker = series.marker  # type: ignore[attr-defined]
    marker.symbol, marker.size = symbol, size
    marker.graphicalProperties = GraphicalProperties(
        solidFill="000000" if filled else "FFFFFF", ln=LineProperties(solidFill="000000", w=12_700)
    )


def _letters(size: int) -> RichText:
    """Set an axis or a legend in the workbook's own font; `size` in hundredths of a point."""
    font = Font(typeface=FONT)
    properties = CharacterProperties(sz=size, latin=font, ea=font, solidFill="000000")
    return RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=properties), endParaRPr=properties)])


def _has_fraction(values: Sequence[Decimal | None]) -> bool:
    return any(value is not None and value != value.to_integral_value() for value in values)


def _break_pages(page: Worksheet, starts: Sequence[int]) -> None:
    """End pages between indicators. `starts` are the rows in which one begins, and the row after the last."""
    begun = 1
    for start, end in pairwise(starts):
        if end - begun > _PAGE_ROWS and start > begun:
            page.row_breaks.append(Break(id=start - 1))
            begun = start
