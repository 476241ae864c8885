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

from streamcam.system.addresses import holds_secret, redacted

WATCHDOG_SECONDS = 30
_SOURCE_FILE, _CREDENTIAL = "/etc/streamcam.source", "source"
_HOW_TO_KEEP = f"""\
# The source's address may hold a password, so it is not in this file: write it into {_SOURCE_FILE}, one line, readable
# by root only.
"""


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


def unit(
    arguments: Sequence[str],
    *,
    source: str | None = None,
    source_file: Path | None = None,
    written: Path | None = None,
) -> str:
    """The text of a unit file that runs ``streamcam serve`` with these arguments as the present user.

    Args:
        arguments: of the command; names of files are made absolute, for it runs in another folder.
        source: the address among them. One that may hold something secret is left out: systemd's credentials carry it.
        source_file: the file that holds the address, which becomes such a credential.
        written: the file that it writes, if any: its folder stays writable.
    """
    is_secret = bool(source) and ("://" in str(source) or holds_secret(str(source))) and redacted(str(source)) != source
    credential = source_file.absolute() if source_file else Path(_SOURCE_FILE) if is_secret else None
    here = [_absolute(argument, written) for argument in _without_source(arguments, source if is_secret else None)]
    command = " ".join(_quoted(part) for part in (sys.executable, "-P", "-m", "streamcam", "serve", *here))
    command += f" --source-file %d/{_CREDENTIAL}" if credential else ""
    loaded = f"LoadCredential={_CREDENTIAL}:{_escaped(str(credential))}\n" if credential else ""
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    return f"""\
# streamcam serve … --print-unit | sudo tee /etc/systemd/system/streamcam.service
# sudo systemctl daemon-reload && sudo systemctl enable --now streamcam
# The staff's token, so that keys and bookmarks outlive a restart: a line STREAMCAM_TOKEN=… in /etc/streamcam.env,
# readable by root only.
{_HOW_TO_KEEP if is_secret else ""}[Unit]
Description=streamcam: what an image classifier looks at
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
WatchdogSec={WATCHDOG_SECONDS}
ExecStart={command}
{loaded}EnvironmentFile=-/etc/streamcam.env
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


def _without_source(arguments: Sequence[str], secret: str | None) -> list[str]:
    """The arguments but for a secret address and for the option that names a file of one."""
    left, skip = [], False
    for argument in arguments:
        if skip or argument == secret or argument.startswith("--source-file="):
            skip = False
        elif argument == "--source-file":
            skip = True
        else:
            left.append(argument)
    return left


def _absolute(argument: str, written: Path | None) -> str:
    """An argument that names a file, as ``name`` or ``--option=name``, from the root of the file system on."""
    option, equals, name = argument.rpartition("=") if argument.startswith("-") else ("", "", argument)
    is_file = name and (Path(name).exists() or (written and Path(name) == written))
    return f"{option}{equals}{Path(name).absolute()}" if is_file else argument


def _quoted(part: str) -> str:
    """A word of ``ExecStart``, in which ``%`` and ``$`` mean something."""
    return _escaped(shlex.quote(part)).replace("$", "$$")


def _escaped(part: str) -> str:
    """A word of another line, in which only ``%`` means something."""
    return part.replace("%", "%%")
