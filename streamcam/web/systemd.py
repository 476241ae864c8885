"""Lets systemd start the live page, and restart it when it hangs: notifications, and a unit file.

The protocol is that of ``sd_notify(3)``: a datagram to the socket that systemd names. Without systemd nothing happens.
"""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

WATCHDOG_SECONDS = 30


def notify(state: str) -> bool:
    """Send a line such as ``READY=1`` to systemd; returns whether it was sent."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return False
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix:
        unix.connect(f"\0{address[1:]}" if address[0] == "@" else address)
        unix.sendall(state.encode())
        return True
    return False


def unit(arguments: Sequence[str], *, written: Path | None = None) -> str:
    """The text of a unit file that runs ``streamcam serve`` with these arguments as the present user.

    Args:
        arguments: of the command; names of files are made absolute, for it runs in another folder.
        written: the file that it writes, if any: its folder stays writable.
    """
    here = [_absolute(argument, written) for argument in arguments]
    command = " ".join(_quoted(part) for part in (sys.executable, "-P", "-m", "streamcam", "serve", *here))
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    return f"""\
# streamcam serve … --print-unit | sudo tee /etc/systemd/system/streamcam.service
# sudo systemctl daemon-reload && sudo systemctl enable --now streamcam
# The staff's token, so that keys and bookmarks outlive a restart: a line STREAMCAM_TOKEN=… in /etc/streamcam.env,
# readable by root only.
[Unit]
Description=streamcam: what an image classifier looks at
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
WatchdogSec={WATCHDOG_SECONDS}
ExecStart={command}
EnvironmentFile=-/etc/streamcam.env
Environment=STREAMCAM_CACHE=%C/streamcam KERAS_HOME=%C/streamcam/keras
CacheDirectory=streamcam
StateDirectory=streamcam
WorkingDirectory=%S/streamcam
{"DynamicUser=yes" if user == "root" else f"User={user}"}
SupplementaryGroups=video
Restart=always
RestartSec=2
SuccessExitStatus=130
TimeoutStartSec=300
NoNewPrivileges=yes
ProtectSystem=strict
{f"ReadWritePaths={_quoted(str(written.absolute().parent))}" if written else "# it writes nothing else"}
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
"""


def _absolute(argument: str, written: Path | None) -> str:
    """An argument that names a file, as ``name`` or ``--option=name``, from the root of the file system on."""
    option, equals, name = argument.rpartition("=") if argument.startswith("-") else ("", "", argument)
    is_file = name and (Path(name).exists() or (written and Path(name) == written))
    return f"{option}{equals}{Path(name).absolute()}" if is_file else argument


def _quoted(part: str) -> str:
    """A word of ``ExecStart``, in which ``%`` and ``$`` mean something."""
    return shlex.quote(part).replace("%", "%%").replace("$", "$$")
