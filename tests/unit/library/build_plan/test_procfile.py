import pytest
from flask_on_aws.build_plan.commands.process_types import one_off_reason, service_name
from flask_on_aws.build_plan.commands.procfile import ProcfileError, read_procfile
from flask_on_aws.validation.values import name_problems
from hypothesis import given
from hypothesis import strategies as st


def test_commands_keep_their_order_colons_and_quotes(tmp_path):
    path = tmp_path / "Procfile"
    path.write_text("# processes\nweb: gunicorn 'app:create_app()'\n\nrelease: flask db upgrade\n")
    assert list(read_procfile(path).items()) == [
        ("web", "gunicorn 'app:create_app()'"),
        ("release", "flask db upgrade"),
    ]


def test_a_name_that_comes_twice_is_rejected_with_its_line(tmp_path):
    path = tmp_path / "Procfile"
    path.write_text("web: a\nweb: b\n")
    with pytest.raises(ProcfileError, match="line 2: 'web' is there twice"):
        read_procfile(path)


@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused_with_its_line(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("p") / "Procfile"
    path.write_bytes(content)
    try:
        read = all(command for command in read_procfile(path).values())
    except ProcfileError as error:
        read = "line" in str(error)
    assert read


@given(st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True))
def test_the_name_of_a_service_is_one_that_aws_accepts(process_type):
    name = service_name(process_type)
    assert service_name(name) == name
    assert not name or not list(name_problems("workers", name))
    if not list(name_problems("workers", process_type)):
        assert name == process_type


@pytest.mark.parametrize(
    ("process_type", "name"),
    [
        *(("celery_worker", "celery-worker"), ("celeryBeat", "celery-beat"), ("CeleryBeat", "celery-beat")),
        *(("RQWorker", "rq-worker"), ("SMTP", "smtp"), ("_mail_", "mail"), ("mail--out", "mail-out"), ("a_-b", "a-b")),
        *(("mail2Out", "mail2-out"), ("2nd", "worker-2nd"), ("internal-jobs", "worker-internal-jobs"), ("__", "")),
    ],
)
def test_process_types_become_names_of_services(process_type, name):
    assert service_name(process_type) == name


@pytest.mark.parametrize(
    ("process_type", "command", "is_one_off"),
    [
        *((name, "./run", True) for name in ("console", "shell", "migrate", "db_migrate", "initDb", "postdeploy")),
        *((name, "./run", False) for name in ("worker", "clock", "beat", "scheduler", "tester", "migrator")),
        *((name, "celery -A shop worker", False) for name in ("setup", "build", "init")),
        *(("x", line, True) for line in ("flask db upgrade", "flask --app shop shell", "python manage.py migrate")),
        *(("x", line, True) for line in ("python -m flask db upgrade", "exec alembic upgrade head", "bash")),
        *(("x", line, True) for line in ("A=1 flask db upgrade && pytest", "django-admin check", "python -i")),
        *(("x", line, False) for line in ("flask worker", "python manage.py qcluster", "python jobs.py")),
        *(("x", line, False) for line in ("flask db upgrade && rq worker", "flask db upgrade & x", "bash jobs.sh")),
        *(("x", line, False) for line in ("python -m jobs", "rq worker", "flask run", "'open", "A=1")),
    ],
)  # fmt: skip
def test_what_runs_once_is_not_a_service(process_type, command, is_one_off):
    assert bool(one_off_reason(process_type, command)) is is_one_off
