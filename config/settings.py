"""Every setting, read from the environment. `.env.example` explains each; none is needed to start."""

import contextlib
import os
import secrets
import tempfile
from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

VAR = Path(env("HUB_VAR", default=str(BASE_DIR / "var"))).resolve()
VAR.mkdir(parents=True, exist_ok=True)
SPOOL = VAR / "spool"


def kept(name: str, make: str) -> str:
    """A secret made once and kept in `var/` with mode 0600, for installations that set none."""
    path = VAR / name
    if not path.is_file():
        # Web, worker and beat may all start at once: the file appears whole, and the first one's stays.
        handle, draft = tempfile.mkstemp(prefix=name, dir=VAR)
        with os.fdopen(handle, "w") as file:
            file.write(make)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        os.unlink(draft)
    return path.read_text().strip()


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or kept("secret_key.txt", secrets.token_urlsafe(50))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# Encryption keys for secrets at rest, newest first; apart from SECRET_KEY, so that neither can stand for the other.
HUB_KEYS = env.list("HUB_KEYS", default=[]) or kept("keys.txt", secrets.token_urlsafe(32)).split(",")
VENDOR_PRIVATE_HOSTS = env.list("VENDOR_PRIVATE_HOSTS", default=[])
HUB_EGRESS_ADDRESSES = env.list("HUB_EGRESS_ADDRESSES", default=[])
HUB_HTTP_CA = env("HUB_HTTP_CA", default="")
HUB_PUBLIC_URL = env("HUB_PUBLIC_URL", default="").rstrip("/")
HUB_TRUSTED_PROXIES = env.list("HUB_TRUSTED_PROXIES", default=[])
HUB_WEBHOOK_DAYS = env.int("HUB_WEBHOOK_DAYS", default=7)
HUB_WEBHOOK_ROWS = env.int("HUB_WEBHOOK_ROWS", default=200_000)
HUB_ALERT_EMAILS = env.list("HUB_ALERT_EMAILS", default=[])
HUB_LEASE_SECONDS = env.float("HUB_LEASE_SECONDS", default=30.0)
HUB_SWEEP_SECONDS = env.float("HUB_SWEEP_SECONDS", default=30.0)
HUB_CALL_LOG_DAYS = env.int("HUB_CALL_LOG_DAYS", default=30)
HUB_CALL_LOG_ROWS = env.int("HUB_CALL_LOG_ROWS", default=200_000)

INSTALLED_APPS = [
    "config.apps.HubConfig",
    "config.apps.HubAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "django_celery_beat",
    "catalog",
    "orders",
    "integrations",
]

MIDDLEWARE = [
    "config.csp.ContentSecurityPolicy",  # outermost, so that what the others refuse has it too
    "django.middleware.security.SecurityMiddleware",
    "config.methods.KnownMethods",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "integrations.gate.AdminGate",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.second.lifetime.Lifetime",
    "config.auditing.Audited",
    "config.stepup.StepUp",
    "config.keyless.KeyMissing",
    "config.zone.OperatorZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR / 'crossdock.sqlite3'}")}
DATABASE = DATABASES["default"]
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    # Measured: with these, web, worker and beat write together without one "database is locked". What is deleted is overwritten,
    # as Debian's SQLite does of itself: a token's wiped ciphertext lies in no free page.
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8192; PRAGMA secure_delete=ON;",
    }
    # Tests run on a file: several processes and threads write to it, as in life.
    DATABASE["TEST"] = {"NAME": env("TEST_SQLITE", default=str(VAR / "test.sqlite3"))}
else:
    DATABASE["CONN_MAX_AGE"] = 60
    DATABASE["CONN_HEALTH_CHECKS"] = True
    # A process that is paused within a transaction must not keep its locks longer than its lease.
    given = DATABASE.get("OPTIONS", {})
    idle = f"-c idle_in_transaction_session_timeout={int(HUB_LEASE_SECONDS * 1000)}"
    # A server or a network that falls silent without a word is given up within a minute, not after the system's two hours.
    silence = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
               "tcp_user_timeout": 60_000}  # fmt: skip
    DATABASE["OPTIONS"] = {**silence, **given, "options": f"{given.get('options', '')} {idle}".strip()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["config.lockout.Guard", "config.permissions.OneQuery"]
# Wrong passwords: django-axes counts them, config/lockout.py says how long the next one waits.
AXES_HANDLER = "config.lockout.GrowingWait"
AXES_COOLOFF_TIME = timedelta(days=1)  # without a further wrong one the count begins anew
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # a sign-in ends the count of these two; all others go on
AXES_USERNAME_CALLABLE = "config.lockout.name_of"
AXES_CLIENT_IP_CALLABLE = "config.lockout.address_of"
AXES_LOCK_OUT_AT_FAILURE = False  # the handler looks before each try; the form says how long to wait
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken", "next"]
AXES_ENABLE_ADMIN = False
SILENCED_SYSTEM_CHECKS = ["axes.W002"]  # its middleware would answer with a page of its own
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "config.passwords.NoWordsOfTheHouse"},
]
# Who needs a second factor: nobody ("off"), nobody but whoever has one is asked for it ("asked"), every admin ("required"),
# everybody who signs in ("everybody").
HUB_SECOND_FACTOR = env("HUB_SECOND_FACTOR", default="asked" if DEBUG else "everybody")
if HUB_SECOND_FACTOR not in ("off", "asked", "required", "everybody"):
    raise ImproperlyConfigured(
        f"HUB_SECOND_FACTOR is “{HUB_SECOND_FACTOR}”; it can be off, asked, required or everybody."
    )
OTP_TOTP_ISSUER = "Crossdock"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = env("LANGUAGE_CODE", default="en")
TIME_ZONE = env("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

# Behind TLS (SECURE_SSL=true) everything that a browser can be told about safety is told.
SECURE_SSL = env.bool("SECURE_SSL", default=False)
SECURE_SSL_REDIRECT = SECURE_SSL
SESSION_COOKIE_SECURE = SECURE_SSL
CSRF_COOKIE_SECURE = SECURE_SSL
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_SSL
SECURE_HSTS_PRELOAD = SECURE_SSL
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("TRUST_PROXY_PROTO", default=False) else None
if SECURE_SSL:  # so named, a browser takes them from this host alone, over TLS
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
# What vendors post to is never led on from http to https: the address is a secret. The view refuses it instead.
SECURE_REDIRECT_EXEMPT = [r"^hooks/", r"^healthz$"]
SESSION_ENGINE = "config.session_names"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
# A session ends so long after the sign-in, whatever is done in it, and after so long without a click.
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
HUB_IDLE_MINUTES = env.int("HUB_IDLE_MINUTES", default=120)
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.reports.Discreet"
FILE_UPLOAD_HANDLERS = ["config.uploads.NoFiles"]
# Product pictures come from the vendors' own servers; everything else from here.
SECURE_CSP = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:", "https:", *[f"http://{host}:*" for host in VENDOR_PRIVATE_HOSTS]],
    "object-src": ["'none'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10  # seconds: whoever has something to tell does not wait for a mail server that falls silent
DEFAULT_FROM_EMAIL = env("EMAIL_FROM", default="crossdock@localhost")

QUEUE = VAR / "queue"
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="filesystem://")
if CELERY_BROKER_URL.startswith("filesystem://"):
    for folder in ("messages", "processed", "control"):
        (QUEUE / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(QUEUE / "messages"),
        "data_folder_out": str(QUEUE / "messages"),
        "processed_folder": str(QUEUE / "processed"),
        "control_folder": str(QUEUE / "control"),
        # With the default poll of a second two workers stall each other.
        "polling_interval": 0.1,
    }
else:
    # Far above the longest task (a minute), or a running task would be delivered again (celery #5935).
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever: a broker that comes back needs nobody to restart the workers
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "live"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "integrations.tasks.sweep",
        "schedule": HUB_SWEEP_SECONDS,
        "options": {"queue": "live", "expires": 2 * HUB_SWEEP_SECONDS},
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "config.logs.OneLine",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        # urllib3 logs whole URLs at DEBUG; a query may hold what nobody should read.
        "urllib3": {"level": "WARNING"},
        "django.db.backends": {"level": "WARNING"},
        # What it would say stands in the audit log, who and from where included.
        "axes": {"level": "ERROR"},
    },
}
