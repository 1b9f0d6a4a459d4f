"""What an output shows of the port and the start command: pure, with lines as servers and shells print them."""

import pytest
from flask_on_aws_cli.preflight.check import Cause
from flask_on_aws_cli.preflight.diagnosis.diagnosis import diagnose
from flask_on_aws_cli.preflight.output import Output

CALL = "gunicorn --bind=0.0.0.0:$PORT myapp:start_app()"
TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "/app/main.py", line 9, in <module>',
    '    HTTPServer(("0.0.0.0", os.environ["PORT"]), Handler).serve_forever()',
    '  File "/usr/local/lib/python3.13/socketserver.py", line 472, in server_bind',
    "    self.socket.bind(self.server_address)",
]
AS_TEXT = "TypeError: 'str' object cannot be interpreted as an integer"
GUNICORN_RETRIES = [
    "[2026-11-29 15:53:49 +0000] [7] [ERROR] Invalid address: ('8123', 8000)",
    "[2026-11-29 15:53 +0000] [ERROR] connection to ('8123', 8000) failed: [Errno 99] Cannot assign requested address",
    "[2026-11-29 15:53:50 +0000] [7] [ERROR] Can't connect to ('8123', 8000)",
]


def found(lines, command, code=1):
    return diagnose(Output(lines, command, code))


@pytest.mark.parametrize(
    ("command", "line", "fix"),
    [
        (CALL, 'sh: 1: Syntax error: "(" unexpected', "quote it in the start command: 'myapp:start_app()'"),
        (CALL, "bash: -c: line 1: syntax error near unexpected token `('", "'myapp:start_app()'"),
        (CALL, '/bin/sh: syntax error: unexpected "("', "'myapp:start_app()'"),
        ("gunicorn shop.web:create('prod')", 'sh: 1: Syntax error: "(" unexpected', "quote what the shell"),
        ("gunicorn 'shop:app", "sh: 1: Syntax error: Unterminated quoted string", "quote what the shell"),
        ("gunicorn 'a", "bash: -c: line 1: unexpected EOF while looking for matching `''", "quote what the shell"),
    ],
)
def test_a_command_that_the_shell_cannot_read_is_quoted(command, line, fix):
    finding = found([line], command, 2)
    assert (finding.cause, finding.evidence) == (Cause.INVALID_COMMAND, (line,))
    assert fix in finding.fix
    assert command in finding.sentence


@pytest.mark.parametrize(
    "line",
    [
        AS_TEXT,
        "TypeError: an integer is required (got type str)",
        "TypeError: %d format: a real number is required, not str",
        "TypeError: '<' not supported between instances of 'str' and 'int'",
        "TypeError: port must be an integer",
    ],
)
def test_a_port_that_is_text_is_converted(line):
    finding = found([*TRACEBACK, line], "python main.py")
    assert finding.cause is Cause.BAD_PORT
    assert 'int(os.environ["PORT"])' in finding.fix


def test_another_type_error_is_not_about_the_port():
    lines = [
        "Traceback (most recent call last):",
        '  File "/app/main.py", line 9, in <module>',
        "    range(text)",
        AS_TEXT,
    ]
    assert found(lines, "python main.py") is None
    lines[2] = "    from report import support"
    assert found(lines, "python main.py") is None


@pytest.mark.parametrize(
    "line",
    [
        "Error: '$PORT' is not a valid port number.",
        "Error: Invalid value for '--port' / '-p': '$PORT' is not a valid integer.",
        "Error: Invalid value for '--port': '${PORT}' is not a valid integer.",
        "ValueError: invalid literal for int() with base 10: '$PORT'",
        "[ERROR] Can't connect to ('$port', 8000)",
    ],
)
def test_a_port_that_no_shell_expanded_is_told(line):
    finding = found([line], "gunicorn --bind '0.0.0.0:$PORT' app:app")
    assert finding.cause is Cause.BAD_PORT
    assert "the text $PORT instead of" in finding.sentence
    assert "single quotes" in finding.fix
    assert "JSON form" in finding.fix


def test_an_empty_port_names_the_variable():
    finding = found(["Error: '' is not a valid port number."], "gunicorn --bind 0.0.0.0:$PROT app:app")
    assert "empty" in finding.sentence
    assert "the variable is PORT" in finding.fix


@pytest.mark.parametrize(
    ("command", "lines", "host", "fix"),
    [
        ("gunicorn --bind=$PORT app:app", GUNICORN_RETRIES, "8123", "--bind 0.0.0.0:$PORT"),
        (
            "uvicorn --host $PORT app:app",
            [
                "ERROR:    [Errno 99] error while attempting to bind on address ('0.0.31.188', 8000): "
                "cannot assign requested address"
            ],
            "0.0.31.188",
            "--host 0.0.0.0 --port $PORT",
        ),
        ("hypercorn --bind $PORT app:app", ["OSError: [Errno 99] Cannot assign requested address"], "", "--bind"),
        ("waitress-serve --listen $PORT a:a", ["OSError: [Errno 49] Can't assign requested address"], "", "--listen"),
    ],
)  # fmt: skip
def test_a_port_in_place_of_the_address_is_told(command, lines, host, fix):
    finding = found(lines, command)
    assert finding.cause is Cause.BAD_PORT
    assert "0.0.0.0 is missing" in finding.sentence
    assert host in finding.sentence
    assert fix in finding.fix


def test_a_port_in_use_is_not_a_wrong_address():
    lines = [
        "[ERROR] Connection in use: ('0.0.0.0', 8080)",
        "[ERROR] connection to ('0.0.0.0', 8080) failed: [Errno 98] Address already in use",
        "[ERROR] Can't connect to ('0.0.0.0', 8080)",
    ]
    assert found(lines, "gunicorn app:app").cause is Cause.ADDRESS_IN_USE


def test_a_connection_to_another_address_is_not_about_its_own():
    line = "redis: Error 99 connecting to localhost:6379. Cannot assign requested address."
    assert found([line], "gunicorn app:app") is None
