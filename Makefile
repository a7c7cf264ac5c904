# make run   the site with demo data on http://127.0.0.1:8000   (PORT and DATABASE_URL are honoured)
# make test  every test on SQLite, then every test on PostgreSQL

PYTHON ?= python3
PORT ?= 8000
export PORT

PIP_INSTALL := .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all:
# A closed network: `make wheels` on a machine that has one, carry the folder over, `make run` there.
OFFLINE := $(if $(wildcard wheels/*.whl),--no-index --find-links wheels)

.PHONY: run test lint lock wheels clean
.DELETE_ON_ERROR:

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "wardplan needs Python 3.11 or newer, but '$(PYTHON)' is older or missing." >&2; \
		echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Could not make .venv. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

.venv/.run: requirements/run.txt | .venv/bin/python
	$(PIP_INSTALL) $(OFFLINE) -r requirements/run.txt
	@touch $@

.venv/.test: requirements/test.txt | .venv/bin/python
	$(PIP_INSTALL) -r requirements/test.txt
	@touch $@
