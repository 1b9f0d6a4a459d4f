import pytest
from flask_on_aws.releases.diagnosis import Evidence, capacity_cause, diagnose

PULL = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-a1b2c3"
WEB = {"name": "web"}

# Words of AWS's own pages of errors: stopped-task-error-codes.html, CannotPullContainerError.html,
# resource-initialization-error.html.
SEEN = {
    "wrong architecture": [
        Evidence("EssentialContainerExited", "", [{**WEB, "exitCode": 255}], ["exec /bin/sh: exec format error"]),
        Evidence(
            "TaskFailedToStart",
            "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'",
        ),
    ],
    "missing secret": [
        Evidence("TaskFailedToStart", f"{PULL}unable to retrieve secret from asm: ResourceNotFoundException: {SECRET}"),
        Evidence("TaskFailedToStart", f"{PULL}retrieved secret from Secrets Manager did not contain json key PASSWORD"),
        Evidence("TaskFailedToStart", f"{PULL}unable to retrieve secrets from ssm: invalid parameters: /app/key"),
    ],
    "denied secret": [
        Evidence("TaskFailedToStart", f"{PULL}AccessDeniedException: User is not authorized to perform: {SECRET}")
    ],
    "image not found": [
        Evidence("TaskFailedToStart", "CannotPullContainerError: failed to resolve ref repo@sha256:1: not found")
    ],
    "no route to the registry": [
        Evidence("TaskFailedToStart", "CannotPullContainerError: dial tcp 52.0.0.1:443: i/o timeout")
    ],
    "out of memory": [
        Evidence(
            "EssentialContainerExited",
            "Essential container in task exited",
            [{**WEB, "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}],
        )
    ],
    "command not found": [
        Evidence("EssentialContainerExited", "Essential container in task exited", [{**WEB, "exitCode": 127}]),
        Evidence("TaskFailedToStart", "", [{**WEB, "reason": "CannotStartContainerError: exec: no such file"}]),
    ],
    "no capacity": [Evidence("TaskFailedToStart", "Capacity is unavailable at this time. Please try again later")],
    "health check": [
        Evidence(
            "ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn)", [{**WEB, "exitCode": 0}]
        )
    ],
    "crash": [
        Evidence("EssentialContainerExited", "Essential container in task exited", [{**WEB, "exitCode": 1}]),
        Evidence("EssentialContainerExited", "", [{"name": "sidecar", "exitCode": 0}, {**WEB, "exitCode": 2}]),
    ],
    "killed": [Evidence("EssentialContainerExited", "Essential container in task exited", [{**WEB, "exitCode": 137}])],
    "unknown": [Evidence("UserInitiated", "Task stopped by user", [{**WEB, "exitCode": 0}]), Evidence()],
}


@pytest.mark.parametrize(("kind", "seen"), [(kind, seen) for kind, all_seen in SEEN.items() for seen in all_seen])
def test_every_end_has_its_cause(kind, seen):
    found = diagnose(seen)
    assert found.kind == kind
    assert found.reason


def test_a_cause_has_the_values_at_hand():
    told = "Health checks failed with these codes: [503]"
    health = Evidence("", "Task failed ELB health checks in x", health=told, health_check_path="/ready")
    assert "GET /ready" in diagnose(health).reason
    assert told in diagnose(health).reason
    memory = Evidence("", "OutOfMemoryError", memory="512")
    assert "512 MiB" in diagnose(memory).reason
    secret = Evidence("TaskFailedToStart", f"{PULL}ResourceNotFoundException: {SECRET}, status 400")
    assert f" {SECRET};" in diagnose(secret).reason


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("/bin/sh: 1: exec: gunicorn: not found", "; gunicorn was not found: add gunicorn to the app's dependencies."),
        (
            "bash: line 1: pdftotext: command not found",
            "; pdftotext was not found: add poppler-utils to system_packages.",
        ),
        ("/bin/sh: 1: exec: ./serve: not found", "or not executable."),
    ],
)
def test_the_package_of_a_program_that_the_image_lacks_is_named(line, advice):
    cause = diagnose(Evidence("EssentialContainerExited", "", [{**WEB, "exitCode": 127}], ["starting", line]))
    assert cause.reason.endswith(advice)


def test_an_app_that_talks_of_secrets_is_not_blamed_for_theirs():
    lines = ["KeyError: 'SECRET_KEY'", "no such parameter"]
    assert diagnose(Evidence("EssentialContainerExited", "", [{**WEB, "exitCode": 1}], lines)).kind == "crash"


def test_a_lack_of_capacity_is_told_by_events_and_failures():
    event = "(service web) was unable to place a task. Reason: Capacity is unavailable at this time."
    found = capacity_cause(["(service web) has started 1 tasks", event])
    assert found is not None
    assert found.kind == "no capacity"
    assert event in found.reason
    assert capacity_cause(["RESOURCE:MEMORY"]) is not None
    assert capacity_cause(["(service web) has reached a steady state."]) is None
