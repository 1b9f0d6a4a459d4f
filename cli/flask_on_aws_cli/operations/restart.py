"""`flask-on-aws restart`."""

import time

import click
from flask_on_aws.releases.rollout import Rollout, RolloutError, Rollouts

from .app import App, AppService
from .errors import OperationError
from .rollback import ROLLOUT_TIMEOUT
from .target import app_options


@click.command()
@app_options
@ROLLOUT_TIMEOUT
def restart(app: App, timeout: int) -> None:
    """Replace all tasks by new ones of the same release.

    Old tasks serve until new ones are healthy, as in a deployment. New tasks read secrets and parameters again. The web
    service comes first, then the workers; if new tasks do not start, the old ones stay, and the cause is printed.
    """
    done: list[str] = []
    for service in app.services:
        began_at = time.monotonic()
        try:
            _restart(app, service, timeout)
        except RolloutError as error:
            completed = f" Restarted before: {', '.join(done)}." if done else ""
            raise OperationError(f"{error}\n{service.role} was not restarted.{completed}") from error
        except KeyboardInterrupt as error:
            raise OperationError(
                f"ECS continues to replace the tasks of {service.role}: flask-on-aws status"
            ) from error
        done.append(service.role)
        click.echo(f"{service.role} was restarted ({time.monotonic() - began_at:.0f} s)")


def _restart(app: App, service: AppService, timeout: int) -> None:
    answer = app.client("ecs").update_service(cluster=app.cluster, service=service.name, forceNewDeployment=True)
    deployment = answer["service"]["deployments"][0]
    wanted = Rollout(app.cluster, service.name, deployment["taskDefinition"], service.role, timeout)
    Rollouts(app.client, click.echo).follow(wanted, deployment["id"])
