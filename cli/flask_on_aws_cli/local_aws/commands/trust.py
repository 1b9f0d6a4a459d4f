"""How to make a system or a browser trust the local certificate authority."""

import shlex
from pathlib import Path


def how_to_trust(certificate: Path) -> str:
    """Instructions for Linux, macOS, Firefox and single commands: the user runs them, this function runs nothing.

    Args:
        certificate: the authority's certificate, PROJECT/.local-aws/ca/ca.pem.
    """
    file = shlex.quote(str(certificate))
    name = shlex.quote(f"flask-on-aws-{certificate.parents[2].name}")
    return f"""\
Certificate of the local authority: {certificate}
Trust it on this machine only: anyone who has ca.key, in the same folder, can issue certificates that you would trust.

A single command
  curl --cacert {file} …        REQUESTS_CA_BUNDLE={file} python …        NODE_EXTRA_CA_CERTS={file} node …
Linux: Debian, Ubuntu
  sudo cp {file} /usr/local/share/ca-certificates/flask-on-aws-local.crt && sudo update-ca-certificates
Linux: Fedora, RHEL, Amazon Linux
  sudo trust anchor {file}
Linux: Chrome and Chromium, which have their own certificate store (certutil is in libnss3-tools or nss-tools)
  certutil -d sql:"$HOME/.pki/nssdb" -A -t C,, -n {name} -i {file}
macOS: Safari, Chrome, curl
  security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {file}
Firefox, on every system
  Settings → Privacy & Security → Certificates → View Certificates → Authorities → Import: the file above,
  "Trust this CA to identify websites".
To undo this, delete the certificate from the same store; its name starts with "flask-on-aws local CA".
"""
