"""Free and preferred ports of this machine."""

import socket

import pytest
from flask_on_aws_cli.local_project import ports
from flask_on_aws_cli.local_project.ports import PortBusyError, bind, free_port, is_free, port_for, reserved_port


def test_a_free_port_can_be_bound_and_is_not_one_of_outgoing_connections():
    port = free_port()
    assert port < 32768
    with bind(port):
        assert not is_free(port)


@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_the_preferred_port_is_used_if_it_is_free(host):
    port = free_port()
    assert port_for(port, host) == port
    with bind(port):
        other = port_for(port, host)
        assert other != port
        assert is_free(other, host)


def test_a_port_on_which_nothing_listens_yet_is_reserved_for_one_of_several(tmp_path):
    preferred = free_port()
    with reserved_port(preferred, tmp_path, "") as first, reserved_port(preferred, tmp_path, "") as second:
        assert first == preferred
        assert second != preferred
    with reserved_port(preferred, tmp_path, "") as third:
        assert third == preferred


def test_without_a_preferred_port_any_port_is_used():
    assert port_for(0) in ports._PORTS


def test_listeners_on_other_addresses_are_detected():
    """An app listens on every address, so its port must be free on all of them."""
    with socket.socket() as other:
        other.bind(("127.0.0.2", free_port()))
        other.listen()
        port = other.getsockname()[1]
        assert port_for(port) == port
        assert port_for(port, "") != port


def test_the_error_about_no_free_port_names_the_range(monkeypatch):
    with bind(free_port()) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setattr(ports, "_PORTS", range(port, port + 1))
        with pytest.raises(PortBusyError, match=f"^No port from {port} to {port} is free"):
            free_port()


def test_a_port_that_this_user_is_not_allowed_to_bind_is_not_free(monkeypatch):
    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ports, "bind", deny)
    assert not is_free(80)
