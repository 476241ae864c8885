"""``streamcam cache``: what is kept on disk, and how to be rid of it."""

from __future__ import annotations

import time

import typer

from streamcam.cli.console import note, say

app = typer.Typer(no_args_is_help=True, help="List or clear the converted models kept on disk.")


@app.command("list")
def list_command() -> None:
    """List what is kept, the one used last first."""
    from streamcam.system.cache import Cache

    cache = Cache()
    entries = cache.entries()
    for entry in entries:
        facts = entry.facts
        what = (
            "+".join(facts.get("layers", ()))
            or facts.get("precision")
            or ("size refused" if "refused" in facts else "facts")
        )
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
        say(
            f"{entry.key[:12]}  {entry.size / 1e6:8.1f} MB  {used}  {facts.get('model')}  {facts.get('size', '')}  {what}"
        )
    drafts, size = cache.drafts()
    more = f", and {size / 1e6:.1f} MB in {drafts} drafts that are being written or were left behind" if drafts else ""
    note(f"{len(entries)} entries, {sum(entry.size for entry in entries) / 1e6:.1f} MB in {cache.folder}{more}")


@app.command("clear")
def clear_command() -> None:
    """Remove all of it. It is made again when it is needed."""
    from streamcam.system.cache import Cache

    cache = Cache()
    say(f"{cache.clear()} entries removed from {cache.folder}")
