"""Running without anybody near: what systemd is told, and a unit that lets it restart what hangs.

The protocol is that of ``sd_notify(3)``: a datagram to the socket that systemd names. Elsewhere nothing happens.
"""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

WATCHDOG_SECONDS = 30


def notify(state: str) -> bool:
    """Tell systemd, for example, ``READY=1``; whether there was somebody to tell."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return False
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix:
        unix.connect(f"\0{address[1:]}" if address[0] == "@" else address)
        unix.sendall(state.encode())
        return True
    return False


def unit(arguments: Sequence[str]) -> str:
    """A unit file that runs ``streamcam serve`` with these arguments as the user who asks for it."""
    command = " ".join(_quoted(part) for part in (sys.executable, "-m", "streamcam", "serve", *arguments))
    return f"""\
# As root: streamcam serve … --print-unit > /etc/systemd/system/streamcam.service
# Then:    systemctl daemon-reload && systemctl enable --now streamcam
# The staff's token: a line STREAMCAM_TOKEN=… in /etc/streamcam.env, readable by root only.
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
Environment=STREAMCAM_CACHE=%C/streamcam
CacheDirectory=streamcam
StateDirectory=streamcam
WorkingDirectory=%S/streamcam
User={getpass.getuser()}
SupplementaryGroups=video
Restart=always
RestartSec=2
TimeoutStartSec=300
NoNewPrivileges=yes
ProtectSystem=strict
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
"""


def _quoted(part: str) -> str:
    """A word of ``ExecStart``, in which ``%`` and ``$`` mean something."""
    return shlex.quote(part).replace("%", "%%").replace("$", "$$")
