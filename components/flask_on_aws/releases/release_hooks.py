"""Two parameters that record what really happened, since each is written only after a hook has verified it.

A hook before an action can make it fail, and the next update retries a failed action: the engine's state records what
succeeded. Hooks after an action are documented to warn only.
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
        self._settings = provider_settings(owner)
        self._command: ReleaseCommand | None = None
        self._fingerprint = ""
        self._rollout: Rollout | None = None

    @property
    def obstacle(self) -> str:
        """Why AWS cannot be called; empty where it can."""
        if not available():
            return f"boto3 is not installed; {_MISSING}"
        if self._settings is None:
            return "the AWS provider was created by another program, whose credentials are unknown here"
        return ""

    def run_before(self, inputs: Mapping[str, pulumi.Input[Any]]) -> aws.ssm.Parameter:
        """The parameter that is written after the release command has succeeded.

        Args:
            inputs: the fields of ReleaseCommand, and `fingerprint` of image, command and environment.
        """
        description = "What the release command last ended well for"
        handlers = (command_parameter, self._prepare_command, self._run_command)
        return self._parameter("release-command", description, inputs, *handlers)

    def record_after(self, inputs: Mapping[str, pulumi.Input[Any]]) -> aws.ssm.Parameter:
        """The parameter that is written once the service runs the release.

        Args:
            inputs: the fields of Rollout, and `image` and `settings` of the release.
        """
        description = "The release that the service was seen to run"
        handlers = (release_parameter, self._prepare_rollout, self._verify)
        return self._parameter("release", description, inputs, *handlers)

    def _parameter(
        self,
        role: str,
        description: str,
        inputs: Mapping[str, pulumi.Input[Any]],
        name: Callable[[str, str], str],
        prepare: Callable[[Mapping[str, Any]], str],
        act: Hook,
    ) -> aws.ssm.Parameter:
        """A parameter whose value `prepare` computes from the inputs, written after `act` has succeeded."""
        return aws.ssm.Parameter(
            f"{self._name}-{role}",
            name=pulumi.Output.from_input(inputs["cluster"]).apply(lambda arn: name(arn, self._name)),
            description=description,
            type="String",
            overwrite=True,  # an update that was interrupted here may have written it
            # Contains none of the provider's settings: a preview does not know those of a provider resource.
            value=pulumi.Output.all(**inputs).apply(prepare),
            opts=pulumi.ResourceOptions(parent=self._owner, hooks=before_changes(f"{self._name}-{role}", act)),
        )

    def report_rollback(self, cluster: pulumi.Input[str]) -> None:
        """Warn, at preview and update, when an operator has rolled back to an earlier release."""
        parameters = aws.ssm.get_parameters_by_path_output(
            path=pulumi.Output.from_input(cluster).apply(lambda arn: parameter_path(arn, self._name)),
            opts=pulumi.InvokeOptions(parent=self._owner),
        )
        pulumi.Output.unsecret(pulumi.Output.all(parameters.names, parameters.values)).apply(
            lambda values: self._warn(*values)
        )

    def _prepare_command(self, inputs: Mapping[str, Any]) -> str:
        values = dict(inputs)
        self._fingerprint = values.pop("fingerprint")
        self._command = ReleaseCommand(**values, release="")
        return json.dumps({"command": self._command.command, "fingerprint": self._fingerprint})

    def _prepare_rollout(self, inputs: Mapping[str, Any]) -> str:
        values = dict(inputs)
        release = Release(values.pop("image"), values["task_definition"], values.pop("settings"))
        self._rollout = Rollout(**values)
        return release.value

    async def _run_command(self, args: pulumi.ResourceHookArgs) -> None:
        assert self._command is not None  # noqa: S101 set with the parameter's value
        await self._ask(self._run_command_now, self._command)

    def _run_command_now(self, say: Say, settings: ProviderSettings, command: ReleaseCommand) -> None:
        ssm = settings.client("ssm")
        name = command_parameter(command.cluster, self._name)
        written: Mapping[str, Any] = {"Value": "{}", "Version": 0}
        with suppress(ssm.exceptions.ParameterNotFound):
            written = ssm.get_parameter(Name=name)["Parameter"]
        if json.loads(written["Value"]).get("fingerprint") == self._fingerprint:
            return  # an interrupted update had already got this far
        # The version tells this release from an earlier one with the same content.
        release = f"{self._fingerprint}:{written['Version']}"
        ReleaseTask(settings.client, say).run(command._replace(release=release))

    async def _verify(self, args: pulumi.ResourceHookArgs) -> None:
        assert self._rollout is not None  # noqa: S101 set with the parameter's value
        await self._ask(self._verify_now, self._rollout)

    def _verify_now(self, say: Say, settings: ProviderSettings, rollout: Rollout) -> None:
        Rollouts(settings.client, say).follow(rollout)

    async def _ask(self, action: Callable[[Say, ProviderSettings, Any], None], target: Any) -> None:
        """Run an action in a thread, and turn AWS's errors into messages that say how to continue."""
        assert self._settings is not None  # noqa: S101 `obstacle` says so
        settings = await self._settings.future()
        assert settings is not None  # noqa: S101 hooks run only in updates, where a provider's settings are known
        try:
            await in_thread(self._owner, action, settings, target)
        except Exception as error:
            # boto3 is an extra, so its errors are recognized by their module.
            if not type(error).__module__.startswith("botocore"):
                raise
            raise RuntimeError(
                f"a call to AWS that the release needs failed: {error}. The next update continues from here; "
                "docs/releases.md lists the required permissions."
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
    """The same for the same image, release command and environment; it reveals nothing of their values."""
    content = json.dumps([image, command, sorted(environment.items()), sorted(secrets.items()), more])
    return hashlib.sha256(content.encode()).hexdigest()
