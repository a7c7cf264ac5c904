import os

from django.core.checks import run_checks
from django.core.management.base import SystemCheckError
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wardplan.settings")

application = get_wsgi_application()

# A WSGI server never runs the system checks by itself, and some of ours guard against unsafe packages.
serious = [problem for problem in run_checks() if problem.is_serious() and not problem.is_silenced()]
if serious:
    raise SystemCheckError("\n".join(map(str, serious)))
