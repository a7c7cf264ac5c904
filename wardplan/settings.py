"""Settings, read from the environment. An unknown or unsafe value stops the start with a sentence.

WARDPLAN_ENV                   development (default) or production
WARDPLAN_DEBUG                 1: Django's own error pages, development only
WARDPLAN_SECRET_KEY            required in production: 50 characters or more
WARDPLAN_SECRET_KEY_FALLBACKS  former keys, separated by commas
WARDPLAN_ALLOWED_HOSTS         required in production: names separated by commas
WARDPLAN_HTTPS                 production only; 1 (default): behind a proxy that speaks HTTPS; 0: plain HTTP
WARDPLAN_STATIC_ROOT           where collectstatic writes, staticfiles/ unless told otherwise
DATABASE_URL                   see wardplan/database_url.py, db.sqlite3 unless told otherwise
"""

import os
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

import wardplan.checks  # noqa: F401  (registers them: wardplan itself is no installed app)
from wardplan import database_url

BASE_DIR = Path(__file__).resolve().parent.parent

# A misspelt name would be ignored in silence, and WARDPLAN_ENVIRONMENT=production would run as development.
KNOWN_NAMES = {
    "WARDPLAN_ENV",
    "WARDPLAN_DEBUG",
    "WARDPLAN_SECRET_KEY",
    "WARDPLAN_SECRET_KEY_FALLBACKS",
    "WARDPLAN_ALLOWED_HOSTS",
    "WARDPLAN_HTTPS",
    "WARDPLAN_STATIC_ROOT",
    "WARDPLAN_REQUIRE_BROWSER",
    "WARDPLAN_REQUIRE_LIBREOFFICE",
}
if unknown := sorted(name for name in os.environ if name.startswith("WARDPLAN_") and name not in KNOWN_NAMES):
    raise ImproperlyConfigured(f"Unknown environment variables: {', '.join(unknown)}")


def flag(name: str, default: bool) -> bool:
    """Read a variable that is 1 or 0."""
    value = os.environ.get(name, "1" if default else "0")
    if value not in ("0", "1"):
        raise ImproperlyConfigured(f"{name} must be 0 or 1.")
    return value == "1"


def names(name: str) -> list[str]:
    """Read a variable that holds values separated by commas."""
    return [value.strip() for value in os.environ.get(name, "").split(",") if value.strip()]


# --- where this runs -------------------------------------------------------------------------------------

if os.environ.get("WARDPLAN_ENV", "development") not in ("development", "production"):
    raise ImproperlyConfigured("WARDPLAN_ENV must be development or production.")
PRODUCTION = os.environ.get("WARDPLAN_ENV") == "production"

DEBUG = flag("WARDPLAN_DEBUG", default=False)
if DEBUG and PRODUCTION:
    raise ImproperlyConfigured("WARDPLAN_DEBUG shows settings to visitors: never set it in production.")

DEVELOPMENT_KEY = "development-only-key-that-everybody-can-read-in-the-source"
SECRET_KEY = os.environ.get("WARDPLAN_SECRET_KEY", "" if PRODUCTION else DEVELOPMENT_KEY)
SECRET_KEY_FALLBACKS = names("WARDPLAN_SECRET_KEY_FALLBACKS")
if PRODUCTION:
    for key in [SECRET_KEY, *SECRET_KEY_FALLBACKS]:
        if len(key) < 50 or len(set(key)) < 10 or key == DEVELOPMENT_KEY:
            raise ImproperlyConfigured(
                "WARDPLAN_SECRET_KEY and its fallbacks must be secrets of your own, 50 characters or more: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(64))'"
            )

ALLOWED_HOSTS = names("WARDPLAN_ALLOWED_HOSTS") or ([] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
if PRODUCTION and (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS):
    raise ImproperlyConfigured("WARDPLAN_ALLOWED_HOSTS must name the hosts of this site, without *.")

DATABASES = {
    "default": database_url.parse(os.environ.get("DATABASE_URL") or "sqlite:///db.sqlite3", BASE_DIR)
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- what it is made of ----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "wardplan.accounts",
    "initiatives",
    "reviews",
    "wardplan.accounts.admin_site.WardAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "wardplan.idle.IdleSession",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "wardplan.errors.DatabaseUnavailable",
    "initiatives.refusal_pages.RefusalPages",
    # Last, as its own system check demands.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "wardplan.urls"
WSGI_APPLICATION = "wardplan.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "reviews.navigation.navigation",
            ],
        },
    },
]

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False

FIXTURE_DIRS = [BASE_DIR / "fixtures"]

LANGUAGE_CODE = "ja"
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True

# --- static files ----------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(os.environ.get("WARDPLAN_STATIC_ROOT") or BASE_DIR / "staticfiles")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
# In development files come straight from static/, as they are at this moment, without collectstatic.
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = not PRODUCTION
if not PRODUCTION:
    WHITENOISE_MAX_AGE = 0

# --- who is there ----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# By name and never by address: one office is one address.
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_USERNAME_CALLABLE = "wardplan.login_names.lock_key"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=30)
# Otherwise anybody who keeps trying could lock a colleague out for ever.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_VERBOSE = False
# Its pages are in English only; the list of users takes a lock away.
AXES_ENABLE_ADMIN = False

# Idle for an hour ends the session; wardplan.idle moves the end along.
SESSION_COOKIE_AGE = 60 * 60

# --- what a browser may do -------------------------------------------------------------------------------

# The one switch for everything that needs HTTPS.
HTTPS = flag("WARDPLAN_HTTPS", default=PRODUCTION)
if HTTPS and not PRODUCTION:
    raise ImproperlyConfigured("WARDPLAN_HTTPS=1 works in production only: there is no proxy in development.")
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True

SILENCED_SYSTEM_CHECKS = [
    "axes.W006",  # wants the address in the lock, see above
    "security.W021",  # a preload list takes whole domains, and the domain is the city's to enter
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "wardplan.errors.csrf_failure"

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# --- log -------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # Without handlers of its own: Django's would mail the administrators.
        "django": {"handlers": [], "level": "INFO"},
        "wardplan.refused": {"level": "INFO"},
    },
}
