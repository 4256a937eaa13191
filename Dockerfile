# syntax=docker/dockerfile:1
# One image for every process of the hub; compose.yaml says which command runs where.

FROM python:3.11-slim AS packages
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary=:all: -r requirements.txt

FROM python:3.11-slim
ENV PATH="/opt/venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HUB_VAR=/var/lib/crossdock
RUN useradd --uid 10001 --home-dir /var/lib/crossdock --create-home --shell /usr/sbin/nologin crossdock
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
# Keys for this one step alone: nothing that is made here may be a secret of a running hub.
RUN SECRET_KEY=build HUB_KEYS=build python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R crossdock:crossdock /var/lib/crossdock
USER crossdock
EXPOSE 8000
# gunicorn and celery both finish what they do on SIGTERM; exec form, so that it reaches them.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["python", "scripts/healthy.py", "web"]
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--timeout", "60", "--graceful-timeout", "30"]
