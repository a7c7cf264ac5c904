# make run   the site with demo data on http://127.0.0.1:8000   (PORT and DATABASE_URL are honoured)
# make test  every test on SQLite, then every test on PostgreSQL

PYTHON ?= python3
PORT ?= 8000
export PORT

PIP_INSTALL := .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all:
# A closed network: `make wheels` on a machine that has one, carry the folder over, `make run` there.
OFFLINE := $(if $(wildcard wheels/*.whl),--no-index --find-links wheels)

.PHONY: run test bench lint lock wheels clean
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

run: .venv/.run
	@.venv/bin/python manage.py migrate --verbosity 0
	@.venv/bin/python manage.py load_demo --if-empty
	@echo
	@echo "  http://127.0.0.1:$(PORT)/    Ctrl-C stops"
	@echo "  staff, staff2, manager, manager2, admin, viewer, other    password: wardplan-demo"
	@echo
	@exec .venv/bin/gunicorn

# PostgreSQL is tried even when SQLite failed: one run tells everything. Its databases vanish with its server:
# --reuse-db spares dropping them, which a connection that a browser has just left would refuse.
test: .venv/.test
	@failed=0; \
	echo "== SQLite"; env -u DATABASE_URL .venv/bin/pytest -n auto --dist loadfile --no-loadscope-reorder || failed=1; \
	echo "== PostgreSQL"; .venv/bin/python tools/with_postgres.py -- .venv/bin/pytest -n auto --dist loadfile --no-loadscope-reorder --reuse-db || failed=1; \
	exit $$failed

# Ratios within one run; not a part of the tests, because a busy machine must not fail them.
bench: .venv/.test
	.venv/bin/python tools/bench.py

lint: .venv/.test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/djlint --lint --quiet templates
	.venv/bin/mypy

# With the oldest Python that is supported: PYTHON=python3.11
PIP_COMPILE := pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock:
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && $(PYTHON) -m venv "$$folder" && \
	"$$folder/bin/pip" install -qq pip-tools && cd requirements && \
	"$$folder/bin/"$(PIP_COMPILE) --output-file run.txt run.in && \
	"$$folder/bin/"$(PIP_COMPILE) --output-file test.txt test.in

wheels: | .venv/bin/python
	.venv/bin/python -m pip download -qq --disable-pip-version-check --require-hashes --only-binary :all: \
		--dest wheels -r requirements/run.txt

# What can be made again; db.sqlite3 holds what people entered and stays.
clean:
	rm -rf .venv wheels staticfiles .coverage htmlcov .hypothesis .pytest_cache .ruff_cache .mypy_cache test-results
