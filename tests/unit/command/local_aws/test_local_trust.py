import shutil
import subprocess

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.local_project import project
from flask_on_aws_cli.main import main
from flask_on_aws_cli.shared.certificate_authority import Authority


def test_the_commands_work_for_a_path_with_spaces(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "CACHE", tmp_path / "cache")  # of this user's projects
    (tmp_path / "my project").mkdir()
    location = project.open_local_aws(tmp_path / "my project", "us-east-1").location
    shown = CliRunner().invoke(main, ["local", "trust", "--project", str(tmp_path / "my project")])
    text = shown.output
    assert f"--cacert '{location.certificate}'" in text
    assert "-n 'flask-on-aws-my project' -i" in text
    for system in ("update-ca-certificates", "trust anchor", "security add-trusted-cert", "Firefox"):
        assert system in text


def test_an_authority_is_created_once_and_only_its_owner_can_read_its_key(tmp_path):
    first = Authority(tmp_path / "ca").certificate_path.read_bytes()
    assert Authority(tmp_path / "ca").certificate_path.read_bytes() == first
    assert (tmp_path / "ca" / "ca.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_certificates_pass_the_strict_check_of_openssl(tmp_path):
    authority = Authority(tmp_path / "ca")
    certificate, _ = authority.issue(["shop.localhost", "127.0.0.1"])
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(certificate)
    check = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", authority.certificate_path]
    for name in (["-verify_hostname", "shop.localhost"], ["-verify_ip", "127.0.0.1"]):
        subprocess.run([*check, *name, leaf], check=True, capture_output=True)
    assert subprocess.run([*check, "-verify_hostname", "other", leaf], capture_output=True).returncode
