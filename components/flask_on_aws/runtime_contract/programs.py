"""Which package has a program: Debian's, and Python's distributions. Plain data and pure functions."""

from collections.abc import Mapping

# By Debian 13 package, the programs that apps and their builds most often need: https://packages.debian.org/trixie
_PACKAGES: Mapping[str, str] = {
    "bind9-dnsutils": "dig nslookup nsupdate",
    "build-essential": "ar as c++ cc clang clang++ cpp g++ gcc ld make nm objcopy objdump ranlib readelf strip",
    "bzip2": "bunzip2 bzcat bzip2",
    "cargo": "cargo rustc",
    "chromium": "chromium",
    "chromium-driver": "chromedriver",
    "cmake": "cmake cpack ctest",
    "cron": "cron crontab",
    "curl": "curl",
    "default-libmysqlclient-dev": "mariadb_config mysql_config",
    "default-mysql-client": "mariadb mariadb-dump mysql mysqladmin mysqldump",
    "dnsutils": "dig nslookup nsupdate",
    "ffmpeg": "ffmpeg ffplay ffprobe",
    "fontconfig": "fc-cache fc-list fc-match",
    "gdal-bin": "gdal_translate gdalinfo gdalwarp ogr2ogr ogrinfo",
    "gettext": "gettext msgcat msgfmt msginit msgmerge msguniq xgettext",
    "gfortran": "gfortran",
    "ghostscript": "gs pdf2ps ps2pdf",
    "git": "git",
    "gnupg": "gpg gpg-agent gpgconf",
    "gosu": "gosu",
    "graphicsmagick": "gm",
    "graphviz": "circo dot fdp neato sfdp twopi",
    "imagemagick": "compare composite convert identify magick mogrify montage",
    "inkscape": "inkscape",
    "iproute2": "ip ss",
    "iputils-ping": "ping",
    "jpegoptim": "jpegoptim",
    "jq": "jq",
    "less": "less",
    "libcurl4-openssl-dev": "curl-config",
    "libimage-exiftool-perl": "exiftool",
    "libkrb5-dev": "krb5-config",
    "libpq-dev": "pg_config",
    "libreoffice": "libreoffice soffice",
    "libxml2-dev": "xml2-config",
    "libxml2-utils": "xmllint",
    "libxslt1-dev": "xslt-config",
    "lsof": "lsof",
    "make": "make",
    "mariadb-client": "mariadb mariadb-dump mysql mysqldump",
    "mediainfo": "mediainfo",
    "netcat-openbsd": "nc",
    "nginx": "nginx",
    "ninja-build": "ninja",
    "nodejs": "node",
    "npm": "npm npx",
    "openssh-client": "scp sftp ssh ssh-add ssh-agent ssh-keygen ssh-keyscan",
    "optipng": "optipng",
    "p7zip-full": "7z 7za",
    "pandoc": "pandoc",
    "patch": "patch",
    "pkg-config": "pkg-config pkgconf",
    "pngquant": "pngquant",
    "poppler-utils": "pdfimages pdfinfo pdfseparate pdftocairo pdftohtml pdftoppm pdftops pdftotext pdfunite",
    "postgresql-client": "createdb dropdb pg_dump pg_dumpall pg_isready pg_restore psql",
    "procps": "free pgrep pkill ps top uptime vmstat watch",
    "psmisc": "fuser killall pstree",
    "qpdf": "qpdf",
    "redis-tools": "redis-cli",
    "rsync": "rsync",
    "ruby": "gem ruby",
    "rustc": "rustc",
    "sox": "play rec sox soxi",
    "sqlite3": "sqlite3",
    "supervisor": "supervisorctl supervisord",
    "swig": "swig",
    "tesseract-ocr": "tesseract",
    "tini": "tini",
    "unzip": "unzip",
    "vim": "vi vim",
    "webp": "cwebp dwebp gif2webp webpmux",
    "wget": "wget",
    "wkhtmltopdf": "wkhtmltoimage wkhtmltopdf",
    "xvfb": "Xvfb xvfb-run",
    "xz-utils": "unxz xz xzcat",
    "zip": "zip",
    "zstd": "unzstd zstd zstdcat",
}
# Programs of Python packages by the distribution that has them, where the names differ.
_DISTRIBUTIONS: Mapping[str, str] = {
    "alembic": "alembic",
    "celery": "celery",
    "circusd": "circus",
    "daphne": "daphne",
    "django-admin": "Django",
    "dramatiq": "dramatiq",
    "fastapi": "fastapi[standard]",
    "flask": "Flask",
    "granian": "granian",
    "gunicorn": "gunicorn",
    "honcho": "honcho",
    "huey_consumer": "huey",
    "huey_consumer.py": "huey",
    "hypercorn": "Hypercorn",
    "litestar": "litestar[standard]",
    "newrelic-admin": "newrelic",
    "opentelemetry-instrument": "opentelemetry-distro",
    "ddtrace-run": "ddtrace",
    "pybabel": "Babel",
    "rq": "rq",
    "rqworker": "rq",
    "sanic": "sanic",
    "scrapy": "Scrapy",
    "streamlit": "streamlit",
    "supervisord": "supervisor",
    "uvicorn": "uvicorn",
    "uwsgi": "uWSGI",
    "waitress-serve": "waitress",
}


def programs_of(package: str) -> tuple[str, ...]:
    """The names of the programs of a Debian package: for one that is not in the table, its own name."""
    return tuple(_PACKAGES.get(package, package).split())


def missing_package(program: str) -> tuple[str, str]:
    """The argument to which a program's package is to be added, `dependencies` or `system_packages`, and the package.

    Both are empty if the package is not known.
    """
    if program in _DISTRIBUTIONS:
        return "dependencies", _DISTRIBUTIONS[program]
    package = next((package for package, names in _PACKAGES.items() if program in names.split()), "")
    return ("system_packages", package) if package else ("", "")
