from django.urls import path, register_converter

from initiatives.models.plan import NUMBER

from .views import (
    autosave,
    basis,
    decision,
    deputies,
    desk,
    differences,
    exporting,
    handover,
    history,
    importing,
    my_work,
    plan_reports,
    progress,
    queue,
    restore,
    review,
    sheet,
    wordings,
    year,
    years,
)


class NumberConverter:
    """An item's number in an address: 1, 1-2-1."""

    regex = NUMBER.replace("(", "(?:")

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(NumberConverter, "number")

app_name = "reviews"

urlpatterns = [
    path("", my_work.my_work, name="my_work"),
    path("years/", years.years, name="years"),
    path("queue/", queue.queue, name="queue"),
    path("queue/print/", queue.queue_print, name="queue_print"),
    path("queue/approve/", queue.approve_chosen, name="approve_chosen"),
    path("queue/deputies/", deputies.deputies, name="deputies"),
    path("queue/deputies/<int:pk>/end/", deputies.end, name="end_deputy"),
    # /<ward>/<year>/
    path("<slug:ward>/<year:year>/", year.year, name="year"),
    path("<slug:ward>/<year:year>/differences/", differences.differences, name="differences"),
    path("<slug:ward>/<year:year>/sheets.xlsx", exporting.year_workbook, name="year_workbook"),
    path("<slug:ward>/<year:year>/export/", exporting.export, name="export"),
    path("<slug:ward>/<year:year>/export/file/", exporting.export_file, name="export_file"),
    path("<slug:ward>/<year:year>/import/", importing.import_sheets, name="import_sheets"),
    path("<slug:ward>/<year:year>/import/apply/", importing.import_apply, name="import_apply"),
    path("<slug:ward>/<year:year>/import/marked/", importing.import_marked, name="import_marked"),
    # /<ward>/<year>/desk/
    path("<slug:ward>/desk/<int:section>/", desk.section_desk, name="section_desk"),
    path("<slug:ward>/<year:year>/desk/<int:section>/", desk.desk, name="desk"),
    # /<ward>/<year>/progress/
    path("<slug:ward>/progress/", progress.ward_progress, name="ward_progress"),
    path("<slug:ward>/<year:year>/progress/", progress.progress, name="progress"),
    path("<slug:ward>/<year:year>/progress/window/", progress.window, name="progress_window"),
    path("<slug:ward>/<year:year>/progress/decision/", progress.decision, name="progress_decision"),
    path(
        "<slug:ward>/<year:year>/progress/publish-approved/",
        progress.publish_approved,
        name="progress_publish",
    ),
    # /<ward>/<year>/<number>/
    path("<slug:ward>/<year:year>/<number:number>/", sheet.sheet, name="sheet"),
    path("<slug:ward>/<year:year>/<number:number>/sheet.xlsx", sheet.sheet_workbook, name="sheet_workbook"),
    path("<slug:ward>/<year:year>/<number:number>/basis/", basis.basis, name="basis"),
    path("<slug:ward>/<year:year>/<number:number>/history/", history.history, name="history"),
    path(
        "<slug:ward>/<year:year>/<number:number>/history/<slug:phase>/<int:version>/",
        history.moment,
        name="history_moment",
    ),
    # /<ward>/<year>/<number>/mistakes/
    path("<slug:ward>/<year:year>/<number:number>/mistakes/", plan_reports.reports, name="plan_reports"),
    path(
        "<slug:ward>/<year:year>/<number:number>/mistakes/<int:pk>/answer/",
        plan_reports.answer,
        name="answer_report",
    ),
    # /<ward>/<year>/<number>/<phase>/
    path("<slug:ward>/<year:year>/<number:number>/<slug:phase>/", review.review, name="review"),
    path("<slug:ward>/<year:year>/<number:number>/<slug:phase>/submit/", review.submit, name="submit"),
    path(
        "<slug:ward>/<year:year>/<number:number>/<slug:phase>/autosave/",
        autosave.autosave,
        name="autosave",
    ),
    path("<slug:ward>/<year:year>/<number:number>/<slug:phase>/restore/", restore.restore, name="restore"),
    path(
        "<slug:ward>/<year:year>/<number:number>/<slug:phase>/wordings/<slug:key>/",
        wordings.wordings,
        name="wordings",
    ),
    # /<ward>/<year>/<number>/<phase>/handover/
    path(
        "<slug:ward>/<year:year>/<number:number>/<slug:phase>/handover/", handover.handover, name="handover"
    ),
    path(
        "<slug:ward>/<year:year>/<number:number>/<slug:phase>/handover/take/",
        handover.take_over,
        name="take_over",
    ),
    path(
        "<slug:ward>/<year:year>/<number:number>/<slug:phase>/handover/<int:pk>/replace/",
        handover.replace,
        name="replace_note",
    ),
    path(
        "<slug:ward>/<year:year>/<number:number>/<slug:phase>/handover/<int:pk>/withdraw/",
        handover.withdraw,
        name="withdraw_note",
    ),
    *(
        path(
            f"<slug:ward>/<year:year>/<number:number>/<slug:phase>/{verb}/",
            decision.decide,
            {"verb": verb},
            name=verb,
        )
        for verb in decision.VERBS
    ),
]
