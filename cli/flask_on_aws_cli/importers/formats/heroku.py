"""Heroku: `Procfile`, `app.json` and `Aptfile`.

https://devcenter.heroku.com/articles/procfile, …/app-json-schema
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from flask_on_aws.build_plan.commands.process_types import service_name
from flask_on_aws.build_plan.commands.procfile import NAME as PROCFILE
from flask_on_aws.build_plan.commands.procfile import Processes, ProcfileError, read_processes
from flask_on_aws.runtime_contract.task_sizes import next_fargate_size

from ..drafts.credentials import may_be_credential
from ..drafts.draft import DEFAULT_STACK, Draft, Format
from ..drafts.services import set_cache_use, set_database, without_services
from ..drafts.variables import need_variable
from ..reading.source import InputError, Place, Value, entries, items, read_json, read_text

_APP_JSON, _APTFILE, _HEROKU_YML = "app.json", "Aptfile", "heroku.yml"
# Keys that only Heroku's app.json has: Expo's and others' have the same name.
_HEROKU_KEYS = {"addons", "buildpacks", "env", "environments", "formation", "scripts", "stack", "success_url"}
_DESCRIPTIONS = {
    *("name", "description", "keywords", "website", "repository", "logo", "success_url", "$schema", "stack"),
    *("env", "formation", "addons", "buildpacks", "scripts", "environments"),
}
# MiB of the sizes, https://devcenter.heroku.com/articles/dyno-tiers, and the fewest CPU units that fit: Heroku names no
# number of CPUs, but a share for the smaller ones.
_SIZES: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("eco", "basic", "free", "hobby", "standard-1x", "1x"), (256, 512)),
    **dict.fromkeys(("standard-2x", "2x", "private-s", "shield-s"), (512, 1024)),
    **dict.fromkeys(("performance-m", "private-m", "shield-m", "pm"), (1024, 2560)),
    **dict.fromkeys(("performance-l", "private-l", "shield-l", "pl"), (2048, 14 * 1024)),
    **dict.fromkeys(("performance-l-ram", "private-l-ram", "shield-l-ram"), (4096, 30 * 1024)),
    **dict.fromkeys(("performance-xl", "private-xl", "shield-xl"), (8192, 62 * 1024)),
    **dict.fromkeys(("performance-2xl", "private-2xl", "shield-2xl"), (16384, 126 * 1024)),
}
_DATABASES = {"heroku-postgresql": "postgres", "jawsdb": "mysql", "jawsdb-maria": "mariadb", "cleardb": "mysql"}
_CACHES = ("heroku-redis", "heroku-kvs", "rediscloud", "redistogo", "openredis", "upstash-redis", "stackhero-redis")
_BUCKETS = ("bucketeer", "cloudcube")
_QUEUES = ("cloudamqp", "rabbitmq-bigwig", "stackhero-rabbitmq")
_SCHEDULERS = ("scheduler", "advanced-scheduler", "crontogo", "temporize")
_LOGS = ("papertrail", "logentries", "logdna", "mezmo", "coralogix", "sumologic", "timber")
# What the build plan does itself.
_BUILDPACKS = re.compile(
    r"(?:.*/)?(?:heroku/(?:python|nodejs)|heroku-community/apt|heroku-buildpack-(?:python|nodejs|apt)|"
    r"python-poetry-buildpack)(?:\.git)?(?:#.*)?"
)


def _is_in(folder: Path) -> bool:
    if (folder / PROCFILE).is_file():
        return True
    path = folder / _APP_JSON
    if not path.is_file():
        return False
    try:
        app = read_json(path)
    except InputError:
        return True  # reading it reports the error
    return not app.is_mapping or bool(_HEROKU_KEYS & app.mapping().keys())


def _read(folder: Path, service: str) -> list[Draft]:
    if service:
        raise InputError(f"{folder}: --service has no effect on Heroku's files, which describe one app; leave it out.")
    processes = _processes(folder)
    path = folder / _APP_JSON
    if not path.is_file():
        return [_draft(folder, processes, None, DEFAULT_STACK)]
    app = read_json(path)
    drafts = [_draft(folder, processes, app, DEFAULT_STACK)]
    environments = app["environments"]
    for name, override in entries(environments).items():
        if name == "review":
            merged = override.over(
                replace(app, data={key: value for key, value in app.mapping().items() if key != "environments"})
            )
            drafts.append(_draft(folder, processes, replace(merged, path=""), name))
        else:
            drafts[0].lose(override, "Heroku CI has no counterpart; run the tests in a GitHub workflow.")
    return drafts


def _processes(folder: Path) -> Processes:
    try:
        return read_processes(folder)
    except ProcfileError as error:
        # The message may contain the line, which may contain a credential.
        line = re.search(r", line (\d+): (.*)", str(error))
        place = Place(str(folder / PROCFILE), int(line[1]) if line else 1)
        reason = "is not a process type with its command, like `web: gunicorn app:app`; correct the line."
        if line and "a name, a colon" not in line[2]:
            reason = line[2]
        raise InputError(f"{place}: {reason}") from None


def _draft(folder: Path, processes: Processes, app: Value | None, stack: str) -> Draft:
    procfile = Place(str(folder / PROCFILE))
    draft = Draft(stack, folder, app.place if app and not processes.lines else procfile)
    draft.put("compat", ["heroku"], draft.app_place, "the variables HEROKU_… and those of add-ons")
    _read_processes(draft, folder, processes)
    if (folder / _APTFILE).is_file():
        _read_packages(draft, folder / _APTFILE)
    if (folder / _HEROKU_YML).is_file():
        place = Place(str(folder / _HEROKU_YML))
        text = "is not read; set its commands as startCommand, releaseCommand and workers."
        draft.lose(Value("", place, _HEROKU_YML), text)
    if app is None:
        text = "postgres is the default, since a Procfile names no add-ons; `none` turns it off"
        draft.carry(procfile, "database", text)
        return draft
    draft.sources.append(app)
    _read_addons(draft, app)
    if addons := app["addons"]:
        set_cache_use(draft, processes.workers.values(), addons.place)
    _read_formation(draft, app, processes)
    _read_variables(draft, app)
    _read_scripts(draft, app, processes)
    buildpacks = app["buildpacks"]
    for item in items(buildpacks):
        url = item["url"] if item.is_mapping else item
        if url and _BUILDPACKS.fullmatch(url.text().lower()):
            draft.carry(item.place, f"buildpacks ({url.text()})", "the build plan does the same")
        elif url:
            draft.lose(item, "this buildpack has no counterpart; use buildCommand, systemPackages or a Dockerfile.")
    if "image" in app.mapping():
        draft.lose(app.mapping()["image"], "is an image of Heroku's, which is not used; the build plan builds the app.")
    draft.lose_others(app, {*_DESCRIPTIONS, "image"}, {})
    return draft


def _read_processes(draft: Draft, folder: Path, processes: Processes) -> None:
    """The program reads the Procfile itself. Only its web process is not used with a Dockerfile."""
    places = {name: Place(str(folder / PROCFILE), line) for name, line in processes.lines.items()}
    if processes.web and (folder / "Dockerfile").is_file():
        draft.put("startCommand", processes.web, places["web"], "the image is built by the Dockerfile")
    elif processes.web:
        draft.carry(places["web"], "startCommand", "is read from the Procfile")
    elif not (folder / "Dockerfile").is_file():
        place = Place(str(folder / PROCFILE))
        text = "there is no process type web; set the start command, or add `web:` to the Procfile."
        draft.need(place, "startCommand", text, draft.command("startCommand", "'COMMAND'"))
    if processes.release:
        draft.carry(places["release"], "releaseCommand", "is read from the Procfile")
    for name, process_type in processes.process_types.items():
        draft.carry(places[process_type], f"workers.{name}", "is read from the Procfile; it runs as one task")
    for process_type in processes.one_off:
        text = "runs once, so it is not a service; start it with `flask-on-aws run`"
        draft.carry(places[process_type], process_type, text)


def _read_packages(draft: Draft, path: Path) -> None:
    """The Aptfile: a package a line. https://elements.heroku.com/buildpacks/heroku/heroku-buildpack-apt"""
    packages = list[str]()
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        if re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", word) and not word.endswith(".deb"):
            packages.append(word)
        else:
            value = Value(word, Place(str(path), number), "Aptfile")
            draft.lose(value, "only packages of Debian can be installed; use a Dockerfile for others.")
    if packages and not (draft.app / "Dockerfile").is_file():
        draft.put("systemPackages", packages, Place(str(path)))
    elif packages:
        draft.lose(
            Value("", Place(str(path)), "Aptfile"), "the Dockerfile builds the image; install the packages there."
        )


def _read_addons(draft: Draft, app: Value) -> None:
    addons = app["addons"]
    for item in items(addons):
        plan = item["plan"] if item.is_mapping else item
        if plan is None:
            raise item.error("must have a plan")
        name = plan.text().partition(":")[0].lower()
        options = item["options"] if item.is_mapping else None
        version = options["version"] if options else None
        if name in _DATABASES and "database" not in draft.values:
            set_database(draft, _DATABASES[name], version.text() if version else "", item.place)
        elif name in _CACHES:
            draft.put("cache", "valkey", item.place, "the app reads REDIS_URL")
        elif name in _BUCKETS:
            draft.put("bucket", "s3", item.place, "a new one; the app reads its name from MEDIA_BUCKET")
        else:
            draft.lose(replace(item, path=f"addons ({name})"), _addon_reason(name))
    if app.mapping().get("addons") is not None:
        without_services(draft, app.mapping()["addons"].place, "no add-on has one")


def _addon_reason(name: str) -> str:
    if name in _SCHEDULERS:
        return "scheduled jobs are not imported; add them to the setting jobs."
    if name in _LOGS:
        return "logs go to CloudWatch; read them with `flask-on-aws logs`."
    if name in _QUEUES:
        return "RabbitMQ is not supported; set `queue: sqs`, or keep it and pass its address in secretValues."
    if name in _DATABASES:
        return "is a second database; keep it, and pass its address in secretValues."
    return "has no setting; keep the service, and pass its address and key in secretValues."


def _read_formation(draft: Draft, app: Value, processes: Processes) -> None:
    formation = app["formation"]
    for process_type, dyno in entries(formation).items():
        quantity, size = dyno["quantity"], dyno["size"]
        if process_type == "web":
            _read_web(draft, quantity, size)
            continue
        name = service_name(process_type)
        if quantity is None or name not in processes.workers:
            continue
        if quantity.integer() == 0:
            draft.put(f"workers.{name}", "", quantity.place, "which switches it off")
        elif quantity.integer() != 1:
            draft.lose(quantity, "a worker is one task; give it more threads or processes.")
        if size:
            draft.carry(size.place, f"workers.{name}", "has cpu and memory of the web service")


def _read_web(draft: Draft, quantity: Value | None, size: Value | None) -> None:
    if quantity:
        number = quantity.integer()
        if number < 0:
            raise quantity.error("must not be negative")
        draft.put("minTasks", number, quantity.place)
        if number == 0:
            draft.put("maxTasks", 0, quantity.place, "no task runs until you raise it")
    if size is None:
        return
    dyno = size.text().lower()
    if dyno not in _SIZES:
        raise size.error(f"must be a size of Heroku: {', '.join(_SIZES)}")
    fitting = next_fargate_size(*_SIZES[dyno])
    if fitting is None:
        text = f"{dyno} has more memory than Fargate's largest task; choose cpu and memory."
        draft.need(size.place, ("cpu", "memory"), text, draft.command("cpu", "16384"))
        return
    draft.put("cpu", fitting[0], size.place, f"{dyno}; Heroku names no number of CPUs")
    draft.put("memory", fitting[1], size.place, dyno)


def _read_variables(draft: Draft, app: Value) -> None:
    env = app["env"]
    for name, variable in entries(env).items():
        if variable.data is None:
            continue
        if variable.is_scalar:
            draft.set_variable(name, variable)
            continue
        draft.skip(variable, "description")
        value, generator, required = variable["value"], variable["generator"], variable["required"]
        if generator and generator.text() == "secret":
            text = "is generated by Heroku; copy its value, or set a new one."
            need_variable(draft, name, variable.place, text, is_secret=True)
        elif value:
            draft.set_variable(name, replace(value, place=variable.place))
        elif required and not required.flag():
            draft.carry(variable.place, name, "is optional and has no value")
        else:
            is_secret = may_be_credential(name, "unknown")
            need_variable(draft, name, variable.place, "has no value in the file; set it.", is_secret=is_secret)


def _read_scripts(draft: Draft, app: Value, processes: Processes) -> None:
    postdeploy = app.get("scripts", "postdeploy")
    if postdeploy:
        command = postdeploy["command"] if postdeploy.is_mapping else postdeploy
        if processes.release:
            text = "runs once after the app is created; start it with `flask-on-aws run` after the first `pulumi up`."
        else:
            text = "runs once after the app is created; if it is safe to repeat, set it as releaseCommand."
        if command:
            draft.lose(postdeploy, text)
    draft.lose_others(app["scripts"], {"postdeploy"}, {"pr-predestroy": "nothing runs before a stack is destroyed."})


FORMAT = Format("heroku", "Heroku", "Procfile and app.json", _is_in, _read)
