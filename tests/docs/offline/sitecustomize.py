"""Python without a network, for processes that have this folder on PYTHONPATH: whoever connects fails."""

import socket


def _refused(*_: object) -> None:
    raise OSError("the pages work without a network")


socket.socket.connect = _refused
