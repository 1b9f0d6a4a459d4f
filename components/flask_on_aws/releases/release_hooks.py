"""Two parameters that say what really happened, since each is written only after a hook has seen it happen.

Hooks before an action can refuse it, and what an action was refused for is tried again by the next update: the engine's
own state is the memory of what succeeded. Hooks after an action are documented to warn only.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pulumi
import pulumi_aws as aws

from ..aws_session import ProviderSettings, available
from ..hooks import Hook, Say, before_changes, in_thread
from .provider_settings import provider_settings
from .release_record import Release, command_parameter, parameter_path, read_value, release_parameter
from .release_task import ReleaseCommand, ReleaseTask
from .rollout import Rollout, Rollouts

_MISSING = "pip install 'flask-on-aws[releases]'"


class ReleaseHooks:
    """The release command and the verification of one service."""

    def __init__(self, owner: pulumi.Resource, name: str) -> None:
        self._owner, self._name = owner, name
        self._found = provider_settings(owner)
        self._command: ReleaseCommand | None = None
        self._fingerprint = ""
        self._rollout: Rollout | None = None

    @property
    def obstacle(self) -> str:
        """Why AWS cannot be asked; empty where it can."""
        if not available():
            return f"boto3 is not installed; {_MISSING}"
        if self._found is None:
            return "the AWS provider was made by another program, whose credentials are not known here"
        return ""

    def run_before(self, known: Mapping[str, pulumi.Input[Any]]) -> aws.ssm.Parameter:
        """The parameter that is written after the release command has ended well.

        Args:
            known: what ReleaseCommand is made of, and `fingerprint` of image, command and environment.
        """
        description = "What the release command last ended well for"
        parts = (command_parameter, self._settle_command, self._run_command)
        return self._parameter("release-command", description, known, *parts)

    def record_after(self, known: Mapping[str, pulumi.Input[Any]]) -> aws.ssm.Parameter:
        """The parameter that is written after the service was seen to run the release.

        Args:
            known: what Rollout is made of, and `image` and `settings` of the release.
        """
        description = "The release that the service was seen to run"
        parts = (release_parameter, self._settle_rollout, self._verify)
        return self._parameter("release", description, known, *parts)

    def _parameter(
        self,
        role: str,
        description: str,
        known: Mapping[str, pulumi.Input[Any]],
        name: Callable[[str, str], str],
        settle: Callable[[Mapping[str, Any]], str],
        act: Hook,
    ) -> aws.ssm.Parameter:
        """A parameter whose value is what `settle` makes of what is known, written after `act` has gone well."""
        return aws.ssm.Parameter(
            f"{self._name}-{role}",
            name=pulumi.Output.from_input(known["cluster"]).apply(lambda arn: name(arn, self._name)),
            description=description,
            type="String",
            overwrite=True,  # what an update that was interrupted here has written already
            # Nothing of the provider's settings is in it: a preview does not know those of a provider resource.
            value=pulumi.Output.all(**known).apply(settle),
            opts=pulumi.ResourceOptions(parent=self._owner, hooks=before_changes(f"{self._name}-{role}", act)),
        )

    def report_rollback(self, cluster: pulumi.Input[str]) -> None:
        """Warn, at preview and update, when an operator has gone back to an earlier release."""
        found = aws.ssm.get_parameters_by_path_output(
            path=pulumi.Output.from_input(cluster).apply(lambda arn: parameter_path(arn, self._name)),
            opts=pulumi.InvokeOptions(parent=self._owner),
        )
        pulumi.Output.unsecret(pulumi.Output.all(found.names, found.values)).apply(lambda both: self._warn(*both))

    def _settle_command(self, known: Mapping[str, Any]) -> str:
        given = dict(known)
        self._fingerprint = given.pop("fingerprint")
        self._command = ReleaseCommand(**given, release="")
        return json.dumps({"command": self._command.command, "fingerprint": self._fingerprint})

    def _settle_rollout(self, known: Mapping[str, Any]) -> str:
        given = dict(known)
        release = Release(given.pop("image"), given["task_definition"], given.pop("settings"))
        self._rollout = Rollout(**given)
        return release.value

    async def _run_command(self, args: pulumi.ResourceHookArgs) -> None:
        assert self._command is not None  # noqa: S101 the parameter's value was made with it
        await self._ask(self._run_command_now, self._command)

    def _run_command_now(self, say: Say, settings: ProviderSettings, command: ReleaseCommand) -> None:
        ssm = settings.client("ssm")
        name = command_parameter(command.cluster, self._name)
        written: Mapping[str, Any] = {"Value": "{}", "Version": 0}
        with suppress(ssm.exceptions.ParameterNotFound):
            written = ssm.get_parameter(Name=name)["Parameter"]
        if json.loads(written["Value"]).get("fingerprint") == self._fingerprint:
            return  # an interrupted update had come so far
        # The version tells this release from an earlier one with the same content.
        release = f"{self._fingerprint}:{written['Version']}"
        ReleaseTask(settings.client, say).run(command._replace(release=release))

    async def _verify(self, args: pulumi.ResourceHookArgs) -> None:
        assert self._rollout is not None  # noqa: S101 the parameter's value was made with it
        await self._ask(self._verify_now, self._rollout)

    def _verify_now(self, say: Say, settings: ProviderSettings, rollout: Rollout) -> None:
        Rollouts(settings.client, say).follow(rollout)

    async def _ask(self, action: Callable[[Say, ProviderSettings, Any], None], wanted: Any) -> None:
        """AWS's refusals in words that say how to go on."""
        assert self._found is not None  # noqa: S101 `obstacle` says so
        settings = await self._found.future()
        assert settings is not None  # noqa: S101 hooks run in updates alone, where all of a provider is known
        try:
            await in_thread(self._owner, action, settings, wanted)
        except Exception as error:
            # boto3 is an extra, so its errors are known by where they come from.
            if not type(error).__module__.startswith("botocore"):
                raise
            raise RuntimeError(
                f"AWS did not answer what the release needs to know: {error}. The next update goes on from here; "
                "docs/releases.md lists the permissions that this takes."
            ) from error

    def _warn(self, names: list[str] | None, values: list[str] | None) -> None:
        for name, value in zip(names or [], values or [], strict=True):
            if not name.endswith("/release"):
                continue
            release = read_value(value)
            if release.rolled_back_from is not None:
                pulumi.log.warn(
                    f"{self._name} was rolled back from release {release.rolled_back_from} to "
                    f"{release.task_definition.rsplit('/', 1)[-1]}. An update that changes image or settings deploys "
                    "the program's version again; one that changes nothing leaves it as it is.",
                    self._owner,
                )


def fingerprint(image: str, command: str, environment: Mapping[str, str], secrets: Mapping[str, str], more: str) -> str:
    """The same for the same image, release command and environment; it tells nothing of their values."""
    told = json.dumps([image, command, sorted(environment.items()), sorted(secrets.items()), more])
    return hashlib.sha256(told.encode()).hexdigest()
