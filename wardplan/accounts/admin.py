"""Who is there, kept by the ward itself: users with their roles, and sections."""

from axes.utils import reset
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm, UsernameField
from django.contrib.auth.models import Group
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import timezone

from wardplan.login_names import lock_key

from .admin_site import ScopedFilter, WardModelAdmin, WardScoped, ask_in_our_words
from .models import Membership, Section, User, Ward

# Rights come from memberships.
admin.site.unregister(Group)


class ConstraintsBesideFields(forms.ModelForm):
    """Check every constraint of the row, and show its sentence beside the field that mends it.

    `beside` maps a constraint's name to the field. Django puts most sentences above the whole form, and
    skips a constraint as soon as one of its fields is not in the form, read-only or an inline's parent:
    then the database would refuse the row without a sentence.
    """

    beside: dict[str, str] = {}

    def _post_clean(self):
        super()._post_clean()
        constraints = self._meta.model._meta.constraints
        fields = {c.violation_error_message: self.beside.get(c.name) for c in constraints}
        for sentence in self._errors.pop(NON_FIELD_ERRORS, []):
            if sentence not in fields:
                self.add_error(None, sentence)
        try:
            self.instance.validate_constraints(exclude=set(self._errors) - {NON_FIELD_ERRORS})
        except ValidationError as error:
            for sentence in dict.fromkeys(error.messages):
                field = fields.get(sentence)
                self.add_error(field if field in self.fields else None, sentence)


class Organisation(WardScoped):
    """Superusers set wards up, so they touch the organisation of all of them."""

    def ward_ids(self, request):
        if request.user.is_superuser:
            return frozenset(Ward.objects.values_list("pk", flat=True))
        return super().ward_ids(request)

    def may_touch(self, request):
        return request.user.is_superuser or super().may_touch(request)


class OrganisationAdmin(Organisation, WardModelAdmin):
    pass


class SuperuserOnly:
    """Leave the pages to superusers. Goes before WardScoped; choices in other forms stay scoped."""

    def may_touch(self, request):
        return request.user.is_superuser


# --- wards and sections ----------------------------------------------------------------------------------


@admin.register(Ward)
class WardAdmin(SuperuserOnly, OrganisationAdmin):
    ward_lookup = "pk"
    list_display = ("name", "kana", "code", "slug")
    search_fields = ("name", "kana", "code", "slug")
    fields = ("name", "kana", "code", "slug")


class SectionForm(ConstraintsBesideFields):
    beside = {"section_name_unique_in_ward": "name"}


@admin.register(Section)
class SectionAdmin(OrganisationAdmin):
    form = SectionForm
    list_display = ("name", "ward", "order", "ended_on")
    list_filter = (("ward", ScopedFilter),)
    list_select_related = ("ward",)
    search_fields = ("name",)
    ordering = ("ward", "order", "pk")
    fields = ("ward", "name", "order", "ended_on")

    def get_readonly_fields(self, request, obj=None):
        # Its sheets and people would stay behind in the old ward.
        return ("ward",) if obj else ()

    def get_changeform_initial_data(self, request):
        return {**only_ward(self.ward_ids(request)), **super().get_changeform_initial_data(request)}


def only_ward(ward_ids):
    return {"ward": next(iter(ward_ids))} if len(ward_ids) == 1 else {}


# --- users and their roles -------------------------------------------------------------------------------


class MembershipForm(ConstraintsBesideFields):
    beside = {
        "membership_section_fits_role": "section",
        "membership_ends_after_start": "ends_on",
        "membership_acting_is_manager": "acting",
        "membership_unique_in_section": "starts_on",
        "membership_unique_in_ward": "starts_on",
    }


class MembershipFormSet(forms.BaseInlineFormSet):
    def clean(self):
        """Refuse the same new row twice: each alone would pass, and the database would stop the second."""
        super().clean()
        seen = set()
        for form in self.forms:
            values = getattr(form, "cleaned_data", None)
            if not values:
                continue
            row = tuple(values.get(name) for name in ("ward", "section", "role", "starts_on"))
            if row in seen:
                form.add_error("starts_on", "同じ所属と役割が、同じ日からすでにあります。")
            seen.add(row)


class MembershipInline(Organisation, admin.TabularInline):
    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    extra = 0
    # A role ends; it is never deleted, because the history was written in it.
    can_delete = False
    fields = ("ward", "role", "section", "post", "acting", "starts_on", "ends_on")
    verbose_name_plural = "所属と役割(終わるときは終了日を入れます)"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("ward", "section", "user")

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        if initial := only_ward(self.ward_ids(request)):
            formset.form.base_fields["ward"].initial = initial["ward"]
        return formset


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("username", "name")
        field_classes = {"username": UsernameField}


class UserForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("username", "name", "is_active")
        field_classes = {"username": UsernameField}


class NewPasswordForm(AdminPasswordChangeForm):
    """Set a password; a user without one is deactivated instead, so that the choice is left out."""

    def __init__(self, user, *args, **kwargs):
        super().__init__(user, *args, **kwargs)
        self.fields.pop("usable_password", None)
        for name in ("password1", "password2"):
            self.fields[name].required = True
        ask_in_our_words(self.fields)


class RoleFilter(admin.SimpleListFilter):
    title = "いまの役割"
    parameter_name = "role"

    def lookups(self, request, model_admin):
        return [*Membership.Role.choices, ("none", "役割なし")]

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        held = Membership.objects.valid_on(timezone.localdate()).filter(user=OuterRef("pk"))
        if self.value() == "none":
            return queryset.exclude(Exists(held))
        return queryset.filter(Exists(held.filter(role=self.value())))


@admin.register(User)
class UserAdmin(OrganisationAdmin, DjangoUserAdmin):
    form = UserForm
    add_form = NewUserForm
    add_form_template = None  # its sentence would promise the memberships for later
    change_password_form = NewPasswordForm
    list_display = ("username", "name", "posts", "is_active", "last_login")
    list_filter = (RoleFilter, "is_active")
    search_fields = ("username", "name")
    ordering = ("username",)
    filter_horizontal = ()
    inlines = (MembershipInline,)
    fieldsets = ((None, {"fields": ("username", "name", "is_active", "last_login", "date_joined")}),)
    add_fieldsets = ((None, {"fields": ("username", "name", "password1", "password2")}),)
    actions = ("unlock",)

    @admin.action(description="ログインの停止を解く", permissions=["change"])
    def unlock(self, request, users):
        """Let people try again at once who mistyped too often: the locked page sends them here."""
        for user in users:
            reset(username=lock_key(None, {"username": user.username}))
        self.message_user(request, f"{len(users)}人のログインの停止を解きました。", messages.SUCCESS)

    def get_queryset(self, request):
        """Keep the own wards' people and those who are nowhere yet; superusers are nobody's to touch."""
        users = admin.ModelAdmin.get_queryset(self, request)
        if not request.user.is_superuser:
            held = Membership.objects.filter(user=OuterRef("pk"))
            own = held.filter(ward__in=self.ward_ids(request))
            users = users.filter(Exists(own) | ~Exists(held), is_superuser=False)
        memberships = Membership.objects.valid_on(timezone.localdate()).filter(
            ward__in=self.ward_ids(request)
        )
        return users.prefetch_related(
            Prefetch("memberships", memberships.select_related("section"), to_attr="valid_memberships")
        )

    @admin.display(description="いまの所属と役割")
    def posts(self, user):
        return "、".join(membership.title for membership in user.valid_memberships)

    def works_elsewhere(self, request, user):
        """Tell whether another ward relies on this account: its password and name are not ours to change."""
        if request.user.is_superuser:
            return False
        return (
            user.memberships.exclude(ward__in=self.ward_ids(request))
            .filter(Q(ends_on=None) | Q(ends_on__gte=timezone.localdate()))
            .exists()
        )

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["sets_password"] = change and not self.works_elsewhere(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_readonly_fields(self, request, obj=None):
        fields = ["last_login", "date_joined"]
        if obj and self.works_elsewhere(request, obj):
            fields += ["username", "name", "is_active"]
        elif obj == request.user:
            # Nobody would be left to undo it.
            fields.append("is_active")
        return fields

    def user_change_password(self, request, id, form_url=""):
        user = self.get_object(request, id)
        if user and self.works_elsewhere(request, user):
            raise PermissionDenied("ほかの区でも使われている利用者です。パスワードはその区が設定します。")
        return super().user_change_password(request, id, form_url)

    def has_delete_permission(self, request, obj=None):
        return False

    def lookup_allowed(self, lookup, value, request=None):
        return not lookup.startswith(("password", "memberships")) and super().lookup_allowed(
            lookup, value, request
        )

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        form.instance.forget_roles()
