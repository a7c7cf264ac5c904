"""The yearly plan, kept by 取りまとめ担当: a draft is edited here, a confirmed plan only looked at."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html

from wardplan.accounts.admin import ConstraintsBesideFields, only_ward
from wardplan.accounts.admin_site import ReadOnly, ScopedFilter, SuperusersRow, WardModelAdmin, WardScoped
from wardplan.fiscal_year import FiscalYear
from wardplan.numbers import format_number, half_width, read_number, with_unit
from wardplan.text import SheetTextField

from . import unconfirmed, workflow
from .form import LABELS, read_form
from .indicator_changes import keep_changes, standing_words
from .models import (
    Baseline,
    FormEdition,
    Indicator,
    Initiative,
    Mark,
    Measurement,
    PlanPhase,
    Question,
    Target,
    YearPlan,
)
from .refusal_pages import refusal_page
from .refusals import Refused

DRAFT = YearPlan.Status.DRAFT
CONFIRMED = (
    "確定した計画の内容は、ここでは直せません。計画の変更は、理由を書いて、年間計画の画面から行ってください。"
)


# --- fields ----------------------------------------------------------------------------------------------


class FigureField(forms.Field):
    """Take a number as an office types it (４３．３, ▲1, 43.3%) and show it without padded zeros."""

    def __init__(self, *, max_digits=None, decimal_places=None, **kwargs):
        super().__init__(**{"widget": forms.TextInput(attrs={"size": 8}), **kwargs})

    def to_python(self, value):
        try:
            return read_number(value)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def prepare_value(self, value):
        return value if value is None or isinstance(value, str) else format_number(value)


TEXTS_AS_TYPED: dict[type[models.Field], dict[str, Any]] = {
    models.CharField: {"form_class": SheetTextField, "widget": AdminTextInputWidget},
    models.TextField: {"form_class": SheetTextField, "widget": AdminTextareaWidget(attrs={"rows": 8})},
    models.DecimalField: {"form_class": FigureField},
}


def shown_figure(name):
    """Make a read-only column of a decimal: 41.6 instead of 41.6000."""

    @admin.display(description=Target._meta.get_field(name).verbose_name)
    def show(self, target):
        value = getattr(target, name)
        return "-" if value is None else format_number(value, thousands=True)

    return show


class YearFilter(admin.SimpleListFilter):
    """Offer the years that the list holds, newest first."""

    title = "年度"
    parameter_name = "year"
    field = "plan__fiscal_year"

    def lookups(self, request, model_admin):
        years = model_admin.get_queryset(request).order_by().values_list(self.field, flat=True).distinct()
        return [(f"{year:d}", str(year)) for year in sorted(years, reverse=True)]

    def queryset(self, request, queryset):
        if not (self.value() or "").isdecimal():
            return queryset
        return queryset.filter(**{self.field: int(self.value())})


class TargetYearFilter(YearFilter):
    field = "initiative__plan__fiscal_year"


class FigureYearFilter(YearFilter):
    field = "fiscal_year"


# --- the year's plan -------------------------------------------------------------------------------------


class YearPlanForm(ConstraintsBesideFields):
    beside = {"plan_unique_in_year": "fiscal_year"}


class PlanPhaseForm(ConstraintsBesideFields):
    beside = {
        "phase_due_after_opening": "due_at",
        "phase_closes_after_due": "closes_at",
        "phase_closes_after_opening": "closes_at",
    }


class PlanPhaseInline(WardScoped, admin.TabularInline):
    """The windows stay open to change in every state of the plan; which phases exist, the edition says."""

    model = PlanPhase
    form = PlanPhaseForm
    ward_lookup = "plan__ward"
    extra = 0
    can_delete = False
    fields = ("label", "opens_at", "due_at", "closes_at", "as_of", "progress")
    readonly_fields = ("label", "progress")
    verbose_name_plural = "段階と受付期間(日本時間)"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("plan__edition", "plan__ward")

    @admin.display(description="段階")
    def label(self, phase):
        place = f"phase.{phase.phase}"
        return phase.plan.edition.labels.get(place) or LABELS.get(place, phase.phase)

    @admin.display(description="進み")
    def progress(self, phase):
        """Tell how far the decision is; whether reviews are taken now, the moments beside it say."""
        return "-" if phase.stage == PlanPhase.Stage.COLLECTING else phase.get_stage_display()

    def has_add_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(YearPlan)
class YearPlanAdmin(WardModelAdmin):
    form = YearPlanForm
    list_display = ("year", "ward", "edition_code", "status", "version", "items")
    list_filter = ("status", ("ward", ScopedFilter))
    ordering = ("-fiscal_year", "ward")

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .select_related("ward", "edition")
            .annotate(size=Count("initiatives"))
        )

    @admin.display(description="年度", ordering="fiscal_year")
    def year(self, plan):
        return str(plan.fiscal_year)

    @admin.display(description="様式の版", ordering="edition__code")
    def edition_code(self, plan):
        return plan.edition.code

    @admin.display(description="取組項目", ordering="size")
    def items(self, plan):
        address = reverse("admin:initiatives_initiative_changelist")
        return format_html('<a href="{}?plan__id__exact={}">{}件</a>', address, plan.pk, plan.size)

    def get_fields(self, request, obj=None):
        if obj is None:
            return ("ward", "fiscal_year", "edition")
        return (("year", "ward"), "edition", ("status", "version"), "items")

    def get_readonly_fields(self, request, obj=None):
        return ("year", "ward", "edition", "status", "version", "items") if obj else ()

    def get_inlines(self, request, obj):
        return (PlanPhaseInline,) if obj else ()

    def get_changeform_initial_data(self, request):
        initial = {**only_ward(self.ward_ids(request)), "fiscal_year": FiscalYear.today()}
        return {**initial, **super().get_changeform_initial_data(request)}

    def get_view_on_site_url(self, obj=None):
        return f"/{obj.ward.slug}/{obj.fiscal_year:d}/" if obj else None

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if change:
            context["notice"] = "確定と公表は、「サイト上で表示」で開く年間計画の画面から行います。"
            context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, add, change, form_url, obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or obj.status == DRAFT)

    def save_model(self, request, obj, form, change):
        # A saved row would write back the status as it stood when the page was asked for.
        if change:
            return
        obj.version = workflow.last_version(obj.ward_id, obj.fiscal_year)
        super().save_model(request, obj, form, change)
        PlanPhase.objects.bulk_create(
            PlanPhase(plan=obj, phase=phase.key) for phase in read_form(obj.edition).phases
        )
        workflow.edit(obj, by=request.user, at=timezone.now())

    def save_formset(self, request, form, formset, change):
        # The windows go through the verb, as everywhere: nothing moves them without a line in the record.
        formset.new_objects, formset.deleted_objects, formset.changed_objects = [], [], []
        for row in formset.forms:
            if row.has_changed():
                formset.changed_objects.append((row.instance, row.changed_data))
                moments = {
                    name: row.cleaned_data[name] for name in ("opens_at", "due_at", "closes_at", "as_of")
                }
                version = YearPlan.objects.values_list("version", flat=True).get(pk=form.instance.pk)
                workflow.set_window(
                    form.instance,
                    row.instance.phase,
                    by=request.user,
                    at=timezone.now(),
                    version=version,
                    **moments,
                )

    def delete_model(self, request, obj):
        workflow.delete(obj, by=request.user, at=timezone.now(), version=obj.version)


# --- items and targets -----------------------------------------------------------------------------------


class PartOfPlan:
    """Rows of a plan: changed while it is a draft, each accepted save recorded once. Before WardScoped."""

    notice = CONFIRMED

    def plan_of(self, obj):
        raise NotImplementedError

    def is_open(self, obj):
        return obj is None or self.plan_of(obj).status == DRAFT

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and self.is_open(obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and self.is_open(obj)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if not change or form.has_changed() or any(formset.has_changed() for formset in formsets):
            workflow.edit(self.plan_of(form.instance), by=request.user, at=timezone.now())

    def delete_model(self, request, obj):
        plan = self.plan_of(obj)
        super().delete_model(request, obj)
        workflow.edit(plan, by=request.user, at=timezone.now())

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if not self.is_open(obj):
            context["notice"] = self.notice
        return super().render_change_form(request, context, add, change, form_url, obj)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refused:
            # Django's transaction has been taken back by now; the text must not go with it.
            return refusal_page(request, refused, kept=self.typed(request))
        except PermissionDenied as denied:
            if request.method == "POST":
                raise PermissionDenied(self.notice) from denied
            raise

    def typed(self, request):
        return {
            field.verbose_name: request.POST[field.name]
            for field in self.opts.fields
            if isinstance(field, models.TextField) and request.POST.get(field.name)
        }


class PartOfParent:
    """Rows inside another row's form: open as long as the parent is. Before WardScoped."""

    def plan_of(self, parent):
        raise NotImplementedError

    def is_open(self, parent):
        return parent is None or self.plan_of(parent).status == DRAFT

    def has_add_permission(self, request, obj=None):
        return super().has_add_permission(request, obj) and self.is_open(obj)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and self.is_open(obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and self.is_open(obj)


class TargetForm(ConstraintsBesideFields):
    beside = {
        "target_key_unique_in_initiative": "key",
        "target_absolute_has_value": "value",
        "target_range_in_order": "value_max",
        "target_cumulative_has_years": "from_fiscal_year",
        "target_relative_has_no_value": "value",
    }

    def clean(self):
        cleaned = super().clean()
        initiative = cleaned.get("initiative") or getattr(self.instance, "initiative", None)
        indicator = cleaned.get("indicator")
        # Somebody who keeps two wards may choose both wards' indicators.
        if (
            initiative
            and initiative.plan_id
            and indicator
            and indicator.ward_id not in (None, initiative.plan.ward_id)
        ):
            self.add_error("indicator", "この計画の区の指標か、全区共通の指標を選んでください。")
        return cleaned


class TargetFields:
    """The fields of a target, on its own page and inside its item."""

    shown_value = shown_figure("value")
    shown_value_max = shown_figure("value_max")
    shown_change = shown_figure("change")

    def target_fieldsets(self, editable):
        shown = "" if editable else "shown_"
        return [
            (
                None,
                {
                    "fields": (
                        ("scope", "position", "key"),
                        "indicator",
                        "heading",
                        "wording",
                        "quote",
                        ("kind", "fiscal_year", f"{shown}value", "comparator"),
                    )
                },
            ),
            (
                "範囲・合計・基準年度との比較・時期",
                {
                    "classes": ("collapse",),
                    "fields": (
                        (f"{shown}value_max", "from_fiscal_year"),
                        ("base_fiscal_year", f"{shown}change", "change_unit"),
                        "milestone",
                    ),
                },
            ),
        ]


class TargetInline(TargetFields, PartOfParent, WardScoped, admin.StackedInline):
    model = Target
    form = TargetForm
    formfield_overrides = TEXTS_AS_TYPED
    autocomplete_fields = ("indicator",)
    readonly_fields = ("shown_value", "shown_value_max", "shown_change")
    ward_lookup = "initiative__plan__ward"
    extra = 0
    show_change_link = True
    verbose_name_plural = "目標(過年度実績は、各目標の「変更」で入力します)"

    def plan_of(self, parent):
        return parent.plan

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("indicator", "initiative__plan")

    def get_fieldsets(self, request, obj=None):
        return self.target_fieldsets(self.has_change_permission(request, obj))


class InitiativeForm(ConstraintsBesideFields):
    beside = {"initiative_number_unique_in_plan": "number"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            return
        plan = self.instance.plan
        if section := self.fields.get("section"):
            there_today = Q(ended_on=None) | Q(ended_on__gt=timezone.localdate())
            section.queryset = section.queryset.filter(
                there_today | Q(pk=self.instance.section_id), ward=plan.ward_id
            )
        if continues := self.fields.get("continues"):
            continues.queryset = continues.queryset.filter(
                plan__ward=plan.ward_id, plan__fiscal_year=plan.fiscal_year - 1
            )

    def clean_number(self):
        return half_width(self.cleaned_data["number"]).strip()


class NewSectionForm(forms.Form):
    section: forms.ModelChoiceField = forms.ModelChoiceField(
        None, label="新しい担当課", error_messages={"required": "担当課を選んでください。"}
    )

    def __init__(self, *args, initiative, **kwargs):
        super().__init__(*args, **kwargs)
        there_today = Q(ended_on=None) | Q(ended_on__gt=timezone.localdate())
        self.fields["section"].queryset = initiative.plan.ward.sections.filter(there_today)


@admin.register(Initiative)
class InitiativeAdmin(PartOfPlan, WardModelAdmin):
    form = InitiativeForm
    formfield_overrides = TEXTS_AS_TYPED
    ward_lookup = "plan__ward"
    list_display = ("number", "title", "section", "year", "status", "waiting")
    list_display_links = ("number", "title")
    list_filter = (YearFilter, "plan__status", ("section", ScopedFilter))
    search_fields = ("number", "title", "purpose", "overview", "activities")
    ordering = ("-plan__fiscal_year", "plan__ward", "position", "number")
    inlines = (TargetInline,)
    notice = f"{CONFIRMED}担当課は「担当課を変える」で直せます。"

    def plan_of(self, obj):
        return obj.plan

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("plan__ward", "section")

    @admin.display(description="年度", ordering="plan__fiscal_year")
    def year(self, initiative):
        return str(initiative.plan.fiscal_year)

    @admin.display(description="計画の状態", ordering="plan__status")
    def status(self, initiative):
        return initiative.plan.get_status_display()

    @admin.display(description="未確認")
    def waiting(self, initiative):
        return f"{len(initiative.unconfirmed)}欄" if initiative.unconfirmed else "-"

    def save_related(self, request, form, formsets, change):
        unconfirmed.confirm(form.instance, [*form.changed_data, *written_cells(formsets)])
        super().save_related(request, form, formsets, change)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj and obj.unconfirmed:
            cells = "、".join(map(unconfirmed.cell_label, obj.unconfirmed))
            context["notice"] = f"未確認の欄: {cells}。直した欄は確認済みになります。"
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_fieldsets(self, request, obj=None):
        continues = ("continues",) if obj else ()
        return [
            (None, {"fields": ("plan", "number", "title", "section", *continues)}),
            ("取組の方針・目標内容", {"fields": ("purpose", "overview")}),
            ("当年度の取組内容", {"fields": ("activities",)}),
        ]

    def get_readonly_fields(self, request, obj=None):
        return ("plan",) if obj else ()

    def get_field_queryset(self, db, db_field, request):
        rows = super().get_field_queryset(db, db_field, request)
        return rows.filter(status=DRAFT) if db_field.name == "plan" else rows

    def get_view_on_site_url(self, obj=None):
        return f"/{obj.plan.ward.slug}/{obj.plan.fiscal_year:d}/{obj.number}/" if obj else None

    def get_urls(self):
        return [
            path(
                "<path:object_id>/section/",
                self.admin_site.admin_view(self.section_view),
                name="initiatives_initiative_section",
            ),
            *super().get_urls(),
        ]

    def section_view(self, request, object_id):
        initiative = self.get_object(request, unquote(object_id))
        if initiative is None:
            raise Http404
        form = NewSectionForm(
            request.POST or None, initiative=initiative, initial={"section": initiative.section_id}
        )
        if request.method == "POST" and form.is_valid():
            section = form.cleaned_data["section"]
            if section != initiative.section:
                workflow.assign_section(initiative, by=request.user, at=timezone.now(), section=section)
                self.log_change(request, initiative, [{"changed": {"fields": ["担当課"]}}])
                sentence = f"取組項目{initiative.number}の担当課を{section}に変えました。"
                self.message_user(request, sentence, messages.SUCCESS)
            return redirect("admin:initiatives_initiative_change", initiative.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": initiative,
            "title": "担当課を変える",
            "subtitle": str(initiative),
            "form": form,
        }
        return TemplateResponse(request, "admin/initiatives/initiative/section_form.html", context)


def written_cells(formsets):
    """List the cells of the targets that were written anew: whoever writes a cell has looked at it."""
    return [
        cell
        for formset in formsets
        for form in formset.forms
        for cell in unconfirmed.target_cells_of(form.initial.get("key", ""), form.changed_data)
    ]


class BaselineInline(PartOfParent, WardScoped, admin.TabularInline):
    model = Baseline
    ward_lookup = "target__initiative__plan__ward"
    extra = 0
    fields = ("position", "fiscal_year")
    verbose_name_plural = "過年度実績(数値は、指標の実績から入ります)"

    def plan_of(self, parent):
        return parent.initiative.plan


@admin.register(Target)
class TargetAdmin(TargetFields, PartOfPlan, WardModelAdmin):
    form = TargetForm
    formfield_overrides = TEXTS_AS_TYPED
    autocomplete_fields = ("indicator",)
    readonly_fields = ("shown_value", "shown_value_max", "shown_change")
    ward_lookup = "initiative__plan__ward"
    list_display = ("wording", "indicator", "scope", "number", "year")
    list_filter = (TargetYearFilter, "scope", "kind")
    search_fields = ("wording", "heading", "indicator__name", "initiative__number", "initiative__title")
    ordering = ("-initiative__plan__fiscal_year", "initiative__position", "-scope", "position")
    inlines = (BaselineInline,)

    def plan_of(self, obj):
        return obj.initiative.plan

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("indicator", "initiative__plan__ward")

    def save_related(self, request, form, formsets, change):
        cells = unconfirmed.target_cells_of(form.initial.get("key", ""), form.changed_data)
        unconfirmed.confirm(form.instance.initiative, cells)
        super().save_related(request, form, formsets, change)

    @admin.display(description="取組項目", ordering="initiative__position")
    def number(self, target):
        return str(target.initiative)

    @admin.display(description="年度", ordering="initiative__plan__fiscal_year")
    def year(self, target):
        return str(target.initiative.plan.fiscal_year)

    def get_fieldsets(self, request, obj=None):
        editable = obj is None or self.has_change_permission(request, obj)
        return [(None, {"fields": ("initiative",)}), *self.target_fieldsets(editable)]

    def get_readonly_fields(self, request, obj=None):
        return (*self.readonly_fields, "initiative") if obj else self.readonly_fields

    def get_field_queryset(self, db, db_field, request):
        rows = super().get_field_queryset(db, db_field, request)
        return rows.filter(plan__status=DRAFT) if db_field.name == "initiative" else rows


# --- indicators and figures ------------------------------------------------------------------------------


class IndicatorForm(ConstraintsBesideFields):
    beside = {"indicator_name_unique_in_ward": "name", "indicator_name_unique_city_wide": "name"}


@admin.register(Indicator)
class IndicatorAdmin(WardModelAdmin):
    form = IndicatorForm
    formfield_overrides = TEXTS_AS_TYPED
    list_display = ("name", "unit", "direction", "ward", "source")
    list_filter = ("direction", ("ward", ScopedFilter))
    list_select_related = ("ward",)
    search_fields = ("name", "definition", "source")
    ordering = ("name",)
    fields = ("ward", "name", ("unit", "direction"), "definition", "source", "contact", "arrives")

    def get_queryset(self, request):
        """Keep the own wards' indicators and the city-wide ones, which have no ward."""
        return admin.ModelAdmin.get_queryset(self, request).filter(
            Q(ward__in=self.ward_ids(request)) | Q(ward=None)
        )

    def may_touch(self, request):
        return request.user.is_superuser or super().may_touch(request)

    def may_change(self, request, obj):
        return obj is None or obj.ward_id in self.ward_ids(request) or self.is_city_wide_for(request, obj)

    def is_city_wide_for(self, request, obj):
        return request.user.is_superuser and obj.ward_id is None

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and self.may_change(request, obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and self.may_change(request, obj)

    def get_readonly_fields(self, request, obj=None):
        if obj is None:
            return ()
        confirmed = obj.targets.exclude(initiative__plan__status=DRAFT)
        # They are printed in the confirmed plan, which changes with a reason only.
        return ("ward", "name", "unit") if confirmed.exists() else ("ward",)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "ward":
            field.required = not request.user.is_superuser
        return field

    def get_changeform_initial_data(self, request):
        return {**only_ward(self.ward_ids(request)), **super().get_changeform_initial_data(request)}

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj and obj.ward_id is None and not request.user.is_superuser:
            context["notice"] = (
                "全区共通の指標は、システムの管理者が直します。直したいところは、指標名と直す文を添えて知らせてください。"
            )
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request, obj, form, change):
        before = standing_words(self.model.objects.get(pk=obj.pk) if change else Indicator())
        super().save_model(request, obj, form, change)
        keep_changes(obj, before, by=request.user, at=timezone.now())


class CurrentFilter(admin.SimpleListFilter):
    title = "いまの実績か"
    parameter_name = "current"

    def lookups(self, request, model_admin):
        return [("1", "いまの実績"), ("0", "訂正前の実績")]

    def queryset(self, request, queryset):
        if self.value() not in ("0", "1"):
            return queryset
        return queryset.filter(superseded_at__isnull=self.value() == "1")


@admin.register(Measurement)
class MeasurementAdmin(ReadOnly, WardModelAdmin):
    list_display = ("indicator", "year", "figure", "as_of", "source", "correction", "by", "at")
    list_filter = (CurrentFilter, FigureYearFilter)
    list_select_related = ("indicator", "ward", "by")
    search_fields = ("indicator__name", "source", "note")
    ordering = ("indicator__name", "-fiscal_year", "-at")
    fields = (
        "indicator",
        "ward",
        ("year", "figure"),
        "as_of",
        "source",
        "note",
        "evidence",
        ("by", "at"),
        "reason",
        "superseded_at",
    )

    @admin.display(description="年度", ordering="fiscal_year")
    def year(self, measurement):
        return str(measurement.fiscal_year)

    @admin.display(description="実績", ordering="value")
    def figure(self, measurement):
        return with_unit(measurement.value, measurement.indicator.unit)

    @admin.display(description="訂正")
    def correction(self, measurement):
        return "" if measurement.superseded_at is None else "訂正前"


# --- the official form -----------------------------------------------------------------------------------


class PartOfEdition(SuperusersRow):
    """The form of some years: a superuser's to change, and nobody's once a plan uses it."""

    def edition_of(self, obj):
        raise NotImplementedError

    def may_change(self, request, obj=None):
        return super().may_change(request, obj) and (obj is None or not self.edition_of(obj).is_frozen())


class EditionOrPart(PartOfEdition):
    """What is saved or deleted here changes the form that every process keeps."""

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        self.edition_of(form.instance).renew()

    def delete_model(self, request, obj):
        self.delete_queryset(request, self.model.objects.filter(pk=obj.pk))

    def delete_queryset(self, request, queryset):
        editions = {self.edition_of(row).pk for row in queryset}
        super().delete_queryset(request, queryset)
        for edition in FormEdition.objects.filter(pk__in=editions):
            edition.renew()


class QuestionInline(PartOfEdition, WardScoped, admin.TabularInline):
    model = Question
    ward_lookup = None
    extra = 0
    show_change_link = True
    fields = ("position", "phase", "key", "kind", "scope", "label", "required")

    def edition_of(self, parent):
        return parent


@admin.register(FormEdition)
class FormEditionAdmin(EditionOrPart, WardModelAdmin):
    ward_lookup = None
    list_display = ("code", "title", "year")
    search_fields = ("code", "title")
    ordering = ("first_fiscal_year", "code")
    fields = ("code", "title", "first_fiscal_year", "labels")
    inlines = (QuestionInline,)

    def edition_of(self, obj):
        return obj

    @admin.display(description="使い始める年度", ordering="first_fiscal_year")
    def year(self, edition):
        return str(edition.first_fiscal_year)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj and obj.is_frozen():
            context["notice"] = "この版は計画で使われているため、変えられません。新しい版を作ってください。"
        return super().render_change_form(request, context, add, change, form_url, obj)


class MarkInline(PartOfEdition, WardScoped, admin.TabularInline):
    model = Mark
    ward_lookup = None
    extra = 0

    def edition_of(self, parent):
        return parent.edition


@admin.register(Question)
class QuestionAdmin(EditionOrPart, WardModelAdmin):
    ward_lookup = None
    list_display = ("label", "edition_code", "phase", "key", "kind", "scope")
    list_filter = (("edition", ScopedFilter), "kind")
    list_select_related = ("edition",)
    search_fields = ("label", "key", "phase")
    ordering = ("edition__first_fiscal_year", "edition", "position")
    fields = (
        "edition",
        ("phase", "key", "position"),
        ("kind", "scope"),
        "label",
        "note",
        "hint",
        "guide",
        ("limit", "column"),
        ("required", "on_paper", "final"),
        ("required_when", "combine"),
    )
    inlines = (MarkInline,)

    def edition_of(self, obj):
        return obj.edition

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("edition")

    @admin.display(description="様式の版", ordering="edition__code")
    def edition_code(self, question):
        return question.edition.code

    def get_readonly_fields(self, request, obj=None):
        return ("edition",) if obj else ()

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "edition":
            # An edition that a plan uses takes no new question.
            kwargs["queryset"] = FormEdition.objects.filter(plans=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
