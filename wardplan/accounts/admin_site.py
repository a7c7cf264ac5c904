"""The admin site: for 取りまとめ担当 of a ward, and for the people who operate the system."""

from functools import update_wrapper

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.utils.http import urlencode

# As the office works: the plan first, then what it quotes, then who is there. The rest follows by name.
INDEX = (
    "YearPlan",
    "Initiative",
    "Target",
    "Indicator",
    "Measurement",
    "Event",
    "FormEdition",
    "Question",
    "User",
    "Section",
    "Ward",
)
REFUSED = "管理の画面は、取りまとめ担当が使います。"


def to_login(page):
    # Django's redirect_to_login lives beside models, which do not exist yet when the settings name this file.
    return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': page})}")


class WardAdminConfig(AdminConfig):
    default_site = "wardplan.accounts.admin_site.WardAdminSite"


class WardAdminSite(admin.AdminSite):
    site_header = "取組シート 管理"
    site_title = "取組シート 管理"
    index_title = "管理"

    def __init__(self, name="admin"):
        super().__init__(name)
        # It deletes rows past the rules of the single deletion.
        self.disable_action("delete_selected")

    def has_permission(self, request):
        user = request.user
        return user.is_active and (user.is_superuser or bool(user.roles().admin_of))

    def admin_view(self, view, cacheable=False):
        guarded = super().admin_view(view, cacheable)

        def inner(request, *args, **kwargs):
            # Django would send a person without the right to log in again, without end.
            if not request.user.is_authenticated:
                return to_login(request.get_full_path())
            if not self.has_permission(request):
                raise PermissionDenied(REFUSED)
            return guarded(request, *args, **kwargs)

        return update_wrapper(inner, guarded)

    def get_app_list(self, request, app_label=None):
        def place(model):
            name = model["object_name"]
            return INDEX.index(name) if name in INDEX else len(INDEX)

        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=place)
        return sorted(apps, key=lambda app: place(app["models"][0]))

    def login(self, request, extra_context=None):
        return to_login(request.GET.get("next") or "/admin/")


def ask_in_our_words(fields):
    """Word what is missing as the rest of the site does; a field with a sentence of its own keeps it."""
    general = (forms.Field.default_error_messages["required"], "記入してください。")
    for field in fields.values():
        if field.error_messages.get("required") in general:
            chosen = isinstance(field, forms.ChoiceField)
            field.error_messages["required"] = "選んでください。" if chosen else "入力してください。"


class WardScoped:
    """Show and offer only what belongs to the wards where the person is 取りまとめ担当.

    Rights come from memberships, never from Django's own permissions. Goes before ModelAdmin or an inline;
    `ward_lookup` is the way from a row to its ward, None for what is every ward's. What is registered here
    is offered as a choice within its own scope, what is not registered is offered to nobody.
    """

    ward_lookup: str | None = "ward"

    def ward_ids(self, request):
        return request.user.roles().admin_of

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        if self.ward_lookup is None:
            return rows
        return rows.filter(**{f"{self.ward_lookup}__in": self.ward_ids(request)})

    def get_field_queryset(self, db, db_field, request):
        related = db_field.remote_field.model
        if related._meta.label == "accounts.Ward":
            return related.objects.filter(pk__in=self.ward_ids(request))
        if not self.admin_site.is_registered(related):
            return related.objects.none()
        return self.admin_site.get_model_admin(related).get_queryset(request)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(getattr(field, "widget", None), RelatedFieldWidgetWrapper):
            # Four icons beside every choice; only what is searched for is also made on the way.
            wanted = db_field.name in self.autocomplete_fields
            field.widget.can_add_related = field.widget.can_add_related and wanted
            field.widget.can_change_related = field.widget.can_change_related and wanted
            field.widget.can_delete_related = field.widget.can_view_related = False
        return field

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        ask_in_our_words(form.base_fields)
        return form

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        ask_in_our_words(formset.form.base_fields)
        return formset

    def may_touch(self, request):
        return bool(self.ward_ids(request))

    def has_module_permission(self, request):
        return self.may_touch(request)

    def has_view_permission(self, request, obj=None):
        return self.may_touch(request)

    def has_add_permission(self, request, obj=None):
        return self.may_touch(request)

    def has_change_permission(self, request, obj=None):
        return self.may_touch(request)

    def has_delete_permission(self, request, obj=None):
        return self.may_touch(request)


class ReadOnly:
    """Show rows and take no change of them. Goes before WardScoped."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class SuperusersRow:
    """Let wards read what only a superuser changes. Goes before WardScoped."""

    def has_view_permission(self, request, obj=None):
        return request.user.is_superuser or super().has_view_permission(request, obj)

    has_module_permission = has_view_permission

    def may_change(self, request, obj=None):
        return request.user.is_superuser

    def has_add_permission(self, request, obj=None):
        return self.may_change(request, obj)

    def has_change_permission(self, request, obj=None):
        return self.may_change(request, obj)

    def has_delete_permission(self, request, obj=None):
        return self.may_change(request, obj)


class WardModelAdmin(WardScoped, admin.ModelAdmin):
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(
            request, {"title": self.opts.verbose_name_plural, **(extra_context or {})}
        )

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        raise Http404


class ScopedFilter(admin.RelatedFieldListFilter):
    """Offer in a list's filter what the person may choose in a form, not every ward's rows."""

    def field_choices(self, field, request, model_admin):
        rows = model_admin.get_field_queryset(None, field, request)
        return [(row.pk, str(row)) for row in rows]
