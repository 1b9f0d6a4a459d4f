"""Django's settings, from the environment that flask-on-aws gives each process."""

import os
from pathlib import Path

import dj_database_url

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = os.environ.get("DEBUG") == "1"

# The public name is the only Host that visitors send. The load balancer's health check has the task's IP address as
# Host; guestbook.health answers it before Django checks the Host.
ALLOWED_HOSTS = [os.environ["EXTERNAL_HOSTNAME"]]
# A browser sends the public URL as Origin. Without a domain, CloudFront's hop to the load balancer is HTTP, so that
# Django would expect http://.
CSRF_TRUSTED_ORIGINS = [os.environ["EXTERNAL_URL"]]
# The load balancer sets this header, and with a domain it says https. It also redirects to HTTPS, so Django does not.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = False
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "entries",
]
MIDDLEWARE = [
    "guestbook.health.health",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "guestbook.urls"
WSGI_APPLICATION = "guestbook.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# DATABASE_URL ends with libpq's options for TLS, which psycopg reads.
DATABASES = {
    "default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=60, conn_health_checks=True),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
TIME_ZONE = "UTC"
USE_TZ = True

# The build runs collectstatic, and WhiteNoise serves the files.
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# With `cacheUse: queue`, Celery reads CELERY_BROKER_URL itself. Without it, a task runs in the request.
CELERY_TASK_ALWAYS_EAGER = "CELERY_BROKER_URL" not in os.environ
CELERY_TASK_IGNORE_RESULT = True
# A task that a release interrupts is delivered again.
CELERY_TASK_ACKS_LATE = True
CELERY_BEAT_SCHEDULE = {"count": {"task": "entries.tasks.count_entries", "schedule": 5.0}}
