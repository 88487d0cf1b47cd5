# One image, four roles: web (the default), worker, slow worker, clock. Runs as nobody in particular, writes nothing.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 WEBHOOKS_ENV=production
WORKDIR /app
COPY requirements.lock .
# Only the files whose hashes are in the lock, and nothing that would have to be compiled: no compiler is here.
RUN pip install --no-compile --require-hashes --only-binary :all: -r requirements.lock
COPY webhooks_app webhooks_app
COPY templates templates
COPY static static
COPY migrations migrations
COPY wsgi.py gunicorn.conf.py ./
RUN useradd --system --no-create-home webhooks
USER webhooks
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["gunicorn", "wsgi:app"]
