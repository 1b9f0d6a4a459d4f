"""`flask-on-aws jobs`."""

import sys
from collections.abc import Mapping
from itertools import islice
from typing import Any, NoReturn

import click

from ..shared.durations import Duration
from ..shared.output_format import as_json, format_time, table
from .app import App, short_name
from .run import OneOffTask
from .scheduled_jobs import Run, ScheduledJob, find_job, jobs_of, runs_of
from .target import app_options

_MAX_SHOWN = 20


@click.group()
def jobs() -> None:
    """List scheduled jobs and their runs, and run one now."""


@jobs.command(name="list")
@app_options
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
def list_(app: App, in_json: bool) -> None:
    """List the jobs with their schedules, and what each starts."""
    rows = [_row(job) for job in jobs_of(app)]
    if in_json:
        click.echo(as_json(rows))
        return
    if not rows:
        click.echo("The app has no scheduled jobs; the setting jobs adds them.")
        return
    heading = ("NAME", "SCHEDULE", "TIME ZONE", "SIZE", "TIMEOUT", "RUNS AT A TIME", "TASK DEFINITION", "STATE")
    for line in table([heading, *(_cells(row) for row in rows)]):
        click.echo(line)


@jobs.command()
@app_options
@click.option("--timeout", type=Duration(), help="Stop the task after this time; the exit code is 124. Default: none.")
@click.argument("name")
def run(app: App, name: str, timeout: int | None) -> NoReturn:
    """Run the job NAME now, print its output and exit with its exit code.

    It is a run like those of its schedule, with the job's own time limit and retries; it is skipped, with exit code 75,
    if an earlier run has not ended and the job does not allow that. Ctrl-C stops the task.
    """
    job = find_job(app, name)
    task = OneOffTask(app, app.cluster, job.definition["taskDefinitionArn"], job.network)
    sys.exit(task.run(None, timeout))


@jobs.command()
@app_options
@click.option("--since", type=Duration(), default="7d", show_default=True, help="Runs that are not older.")
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
@click.argument("name")
def history(app: App, name: str, since: int, in_json: bool) -> None:
    """List the last 20 runs of the job NAME, newest first.

    The log says when a run began, how long it took and how it ended, as long as the log is kept. A run that did not get
    that far is known to ECS alone, which forgets a task an hour after its end.
    """
    runs = list(islice(runs_of(app, find_job(app, name), since), _MAX_SHOWN))
    if in_json:
        click.echo(as_json([_values(each) for each in runs]))
        return
    if not runs:
        click.echo(f"No run of {name} is known; --since looks further back.")
        return
    heading = ("STARTED", "OUTCOME", "EXIT CODE", "SECONDS", "TASK", "")
    rows = [
        (
            format_time(each.started),
            each.outcome,
            "" if each.exit_code is None else str(each.exit_code),
            "" if each.seconds is None else f"{each.seconds:g}",
            each.task,
            each.reason,
        )
        for each in runs
    ]
    for line in table([heading, *rows]):
        click.echo(line)


def _values(run: Run) -> Mapping[str, Any]:
    return {
        "task": run.task,
        "started": run.started,
        "seconds": run.seconds,
        "exitCode": run.exit_code,
        "outcome": run.outcome,
        "attempts": run.attempts,
        "reason": run.reason,
    }


def _row(job: ScheduledJob) -> Mapping[str, Any]:
    return {
        "name": job.name,
        "schedule": job.schedule["ScheduleExpression"],
        "timezone": job.schedule.get("ScheduleExpressionTimezone", "UTC"),
        "enabled": job.schedule.get("State", "ENABLED") == "ENABLED",
        "taskDefinition": job.definition["taskDefinitionArn"],
        "cpu": int(job.definition["cpu"]),
        "memory": int(job.definition["memory"]),
        "timeout": job.settings["timeout"],
        "retries": job.settings["retries"],
        "runsAtATime": job.settings["most"] or None,
    }


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["name"],
        row["schedule"],
        row["timezone"],
        f"{row['cpu']}/{row['memory']}",
        f"{row['timeout']} s",
        "any" if row["runsAtATime"] is None else str(row["runsAtATime"]),
        short_name(row["taskDefinition"]),
        "" if row["enabled"] else "disabled",
    )
