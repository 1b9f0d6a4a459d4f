"""Every command in the documentation exists with its options, and what it names exists: files, settings, extras."""

import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import boto3
import botocore.session
import click
import pytest
from botocore import xform_name
from flask_on_aws_cli.main import main

import settings

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    path for pattern in ("*.md", "docs/*.md", "*/README.md", "examples/*/README.md") for path in ROOT.glob(pattern)
)
SETTINGS = {
    *settings.NAMES,
    # Those of the examples.
    *(
        name
        for program in ROOT.glob("examples/*/__main__.py")
        for name in re.findall(r"config\.(?:get|require)\w*\(\"(\w+)\"", program.read_text(encoding="utf-8"))
    ),
}

# Commands of Pulumi's CLI with the options that the documentation has.
PULUMI = {
    "config rm": {"--path"},
    "config set": {"--path", "--plaintext", "--secret"},
    "destroy": {"--skip-preview"},
    "install": set(),
    "login": {"--local"},
    "package add": set(),
    "package get-schema": set(),
    "preview": {"--diff", "--policy-pack"},
    "stack": {"--show-ids", "--show-urns"},
    "stack change-secrets-provider": set(),
    "stack export": {"--file", "--show-secrets"},
    "stack init": {"--secrets-provider"},
    "stack output": {"--show-secrets"},
    "up": {"--replace", "--target", "--yes"},
}
# The shell, and tools whose commands are theirs to document.
OTHERS = {
    *(".", "cd", "checkov", "curl", "docker", "eval", "export", "flask", "git", "grep", "openssl", "pre-commit", "rm"),
    *("tee", "uv"),
}
# Commands for files, which AWS's CLI does not make from models, with the options that the documentation has.
S3_FILES = {"mv": {"--recursive", "--exclude"}}


def blocks(page: Path) -> Iterator[str]:
    """The page's blocks of shell commands, and the commands of this repository in its text."""
    text = page.read_text(encoding="utf-8")
    yield from (
        re.sub(r"^ +", "", block, flags=re.MULTILINE) for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    )
    yield from re.findall(r"^ *- run: (?!\|)(.+)$", text, re.MULTILINE)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    yield from re.findall(r"`((?:flask-on-aws|\./up|\./test|pulumi config|pulumi stack) [^`\n]+)`", prose)


def commands(block: str) -> Iterator[list[str]]:
    """The words of each command, those in $(…) included."""
    for line in block.replace("\\\n", " ").splitlines():
        for inner in re.findall(r"\$\(([^()]*)\)", line):
            yield from commands(inner)
        lexer = shlex.shlex(re.sub(r"\$\([^()]*\)", "VALUE", line), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word in ("&&", "||", "|", ";", ">"):
                if words:
                    yield words
                words = []
            elif words or not re.match(r"[A-Za-z_]+=", word):
                words.append(word)


def check_click(words: Sequence[str], command: click.Command = main) -> str | None:
    """A command of flask-on-aws."""
    context = click.Context(command, info_name="flask-on-aws", **main.context_settings)
    if isinstance(command, click.Group):
        if not words or words[0] == "COMMAND":
            return None
        found = None if words[0].startswith("-") else command.get_command(context, words[0])
        return check_click(words[1:], found) if found else f"there is no command {words[0]}"
    options = {
        name: option for option in command.get_params(context) for name in (*option.opts, *option.secondary_opts)
    }
    rest = iter(words)
    for word in rest:
        if word == "--" or (not word.startswith("-") and not command.allow_interspersed_args):
            return None
        if word.startswith("-"):
            name, _, value = word.partition("=")
            if name not in options and command.context_settings.get("ignore_unknown_options"):
                return None  # the options of another program
            if name not in options:
                return f"there is no option {name}"
            if not value and isinstance(option := options[name], click.Option) and not (option.is_flag or option.count):
                next(rest, None)
    return None


def check_up(words: Sequence[str]) -> str | None:
    """./up, which is `flask-on-aws local`, with the folder of an app before the command."""
    if words and ("/" in words[0] or words[0] == "DIR" or found(words[0])):
        words = words[1:]
    has_command = bool(words) and not words[0].startswith("-")
    return check_click(["local", *([] if has_command else ["up"]), *words])


def check_files(words: Sequence[str]) -> str | None:
    """./test, Python and the like: what looks like a file is one."""
    missing = [word for word in words if re.search(r"^[\w.]+/|\.py$", word) and "=" not in word and not found(word)]
    return f"there is no {missing[0]}" if missing else None


def found(name: str) -> bool:
    return any((folder / name.split("::")[0]).exists() for folder in (ROOT, ROOT / "app_template"))


def check_pulumi(words: Sequence[str]) -> str | None:
    """A command of Pulumi's CLI; `config set` with a setting that exists."""
    name = " ".join(words[:2])
    if name not in PULUMI:
        name = words[0]
    has_commands = any(other.startswith(f"{name} ") for other in PULUMI)
    if name not in PULUMI or (has_commands and words[1:] and not words[1].startswith("-")):
        return f"the table PULUMI has no command {' '.join(words[:2])}"
    rest = words[len(name.split()) :]
    unknown = [word for word in rest if word.startswith("-") and word.split("=")[0] not in PULUMI[name]]
    if unknown:
        return f"the table PULUMI has no option {unknown[0]} of {name}"
    if name.startswith("config"):
        setting = re.split(r"[.\[]", next(word for word in rest if not word.startswith("-")))[0]
        if ":" not in setting and setting not in SETTINGS and not setting.isupper():
            return f"there is no setting {setting}"
    return None


def check_aws(words: Sequence[str]) -> str | None:
    """A command of AWS's CLI, by the models that it is made from."""
    service, operation, *rest = words
    if service not in boto3.Session().get_available_services():
        return f"there is no service {service}"
    if service == "s3" and operation in S3_FILES:
        unknown = [word for word in rest if word.startswith("--") and word not in S3_FILES[operation]]
        return f"the table S3_FILES has no {unknown[0]} of {operation}" if unknown else None
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    if operation == "wait":
        waiters = botocore.session.get_session().get_waiter_model(service)
        names = {xform_name(name, "-"): waiters.get_waiter(name).operation for name in waiters.waiter_names}
        operation, operations, rest = rest[0], names, rest[1:]
    if service == "ecs" and operation == "execute-command" and not rest:
        return None
    if operation not in operations:
        return f"there is no operation {operation} of {service}"
    shape = model.operation_model(operations[operation]).input_shape
    members = {f"--{xform_name(name, '-')}" for name in (shape.members if shape else ())}
    unknown = [word for word in rest if word.startswith("--") and word.split("=")[0] not in members]
    return f"there is no option {unknown[0]} of {service} {operation}" if unknown else None


def check_pip(words: Sequence[str]) -> str | None:
    """Folders of distributions, with their extras, and files of requirements."""
    for word in words:
        if path := re.fullmatch(r"(\./\w+)(?:\[(.+)\])?", word):
            project = tomllib.loads((ROOT / path[1] / "pyproject.toml").read_text())["project"]
            extras = set((path[2] or "").split(",")) - {""}
            if not extras <= set(project.get("optional-dependencies", {})):
                return f"{path[1]} has no extra {path[2]}"
    return check_files([word for word in words if word.endswith(".txt") and not found(word)])


def check_mkdocs(words: Sequence[str]) -> str | None:
    return None if words[0] in ("build", "serve") else f"there is no command {words[0]}"


def check_sudo(words: Sequence[str]) -> str | None:
    return check(words)


CHECKS: dict[str, Callable[[Sequence[str]], str | None]] = {
    "./test": check_files,
    "./up": check_up,
    "aws": check_aws,
    "flask-on-aws": check_click,
    "mkdocs": check_mkdocs,
    "pip": check_pip,
    "pulumi": check_pulumi,
    "pytest": check_files,
    "python": check_files,
    "python3": check_files,
    "sudo": check_sudo,
}


def check(words: Sequence[str]) -> str | None:
    """What is wrong with a command, if anything."""
    program = words[0] if words[0].startswith("./") else words[0].removeprefix(".test-env/bin/")
    if program in OTHERS or program.endswith("/start"):
        return None
    return CHECKS[program](words[1:]) if program in CHECKS else f"there is no check for {program}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_page_s_commands_exist(page):
    found = [(" ".join(words), check(words)) for block in blocks(page) for words in commands(block)]
    assert [(command, problem) for command, problem in found if problem] == []


def test_the_tutorial_has_commands():
    assert len([words for block in blocks(ROOT / "docs" / "tutorial.md") for words in commands(block)]) > 8


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("flask-on-aws deploy", "there is no command deploy"),
        ("flask-on-aws logs --tail", "there is no option --tail"),
        ("flask-on-aws local shell", "there is no command shell"),
        ("true && ./up start", "there is no command start"),
        ("./test tests/unit/test_nothing.py", "there is no tests/unit/test_nothing.py"),
        ("pulumi config set minTask 3", "there is no setting minTask"),
        ("pulumi config set --path envs.A b", "there is no setting envs"),
        ("pulumi stack rename prod", "the table PULUMI has no command stack rename"),
        ("pulumi deploy", "the table PULUMI has no command deploy"),
        ("key=$(aws rds copy-snapshot)", "there is no operation copy-snapshot of rds"),
        ("aws rds copy-db-snapshot --kms-key k", "there is no option --kms-key of rds copy-db-snapshot"),
        ("aws rds wait db-snapshot-ready", "there is no operation db-snapshot-ready of rds"),
        ("pip install './cli[everything]'", "./cli has no extra everything"),
        ("heroku logs", "there is no check for heroku"),
        ("flask-on-aws run -- flask db --whatever", None),
        ("A=1 flask-on-aws rollback 7 --yes --timeout 5m", None),
    ],
)
def test_a_mistake_is_found(line, problem):
    problems = [found for words in commands(line) if words[0] != "true" and (found := check(words))]
    assert problems == ([problem] if problem else [])


@pytest.mark.parametrize("name", PULUMI)
def test_pulumi_has_the_commands_of_the_table(name):
    command = shutil.which("pulumi")
    if not command:
        pytest.skip("there is no pulumi command on this machine (https://www.pulumi.com/docs/install/)")
    done = subprocess.run([command, *name.split(), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {option for option in PULUMI[name] if option not in done.stdout} == set()
