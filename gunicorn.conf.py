import os

wsgi_app = "wardplan.wsgi"
bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"

# Processes, not threads: with keep-alive, threads let one of two cores do all the work.
workers = 2
worker_class = "sync"

# A year's workbook of a large ward takes a second, 24 wards' at once take ten to twenty-five; a minute means
# something hangs.
timeout = 60
max_requests = 2000
max_requests_jitter = 200

# Otherwise a socket that controls the server lies in the home folder.
control_socket_disable = True


class TookTooLong(Exception):
    """Raised in the middle of a request that has used up its time."""


def worker_abort(worker):
    # An error like any other, so that the site's own page answers, with what was typed; the worker then ends.
    # While it starts there is nobody to answer, and an error would stop the whole server.
    if worker.booted:
        raise TookTooLong
