"""The options that ``--help`` lists of commands with many: what stands for the value, and a few words, on one line."""

from __future__ import annotations

from streamcam.cli.grouping import Usual

ANNOTATE: Usual = {
    "output": ("PATH", "Where the result goes, a file or a folder."),
    "overwrite": ("", "Replace outputs that exist."),
    "model": ("NAME|PATH", "A name, or a model file or folder."),
    "labels": ("PATH", "A file of class names."),
    "targets": ("CLASS", "Class to explain; repeat for several."),
    "method": ("NAME", "Formula of the heatmap."),
    "layer": ("NAME", "Target layer; repeat to fuse several."),
    "layout": ("NAME", "overlay, heatmap, 'side by side', panels."),
    "mode": ("NAME", "uniform, heat (cold stays clear), or add."),
    "alpha": ("0…1", "Opacity of the heatmap."),
    "colormap": ("NAME", "jet, turbo, viridis, inferno, …"),
    "every": ("N|auto", "Explain each Nth frame, or where it changes."),
    "start": ("TIME", "Begin there: seconds, or 1:02:30."),
    "duration": ("TIME", "End so long after the start."),
    "roi": ("PLACE", "Where the evidence ought to lie."),
    "report": ("PATH", "A page about the result, .html."),
    "records": ("PATH", "What the model said, as JSON Lines."),
    "heatmaps": ("PATH", "The raw maps, as HDF5."),
    "workers": ("N", "Processes that share the files."),
    "dry_run": ("", "Only say what would be done."),
}

LIVE: Usual = {
    "output": ("PATH", "Record to a file, or send to a stream."),
    "overwrite": ("", "Replace the recording if it exists."),
    "model": ("NAME|PATH", "A name, or a model file or folder."),
    "labels": ("PATH", "A file of class names."),
    "targets": ("CLASS", "Class to explain; repeat for several."),
    "method": ("NAME", "Formula of the heatmap."),
    "layer": ("NAME", "Target layer; repeat to fuse several."),
    "check": ("", "Measure what covering hot places costs."),
    "layout": ("NAME", "overlay, heatmap, 'side by side', panels."),
    "mode": ("NAME", "uniform, heat (cold stays clear), or add."),
    "alpha": ("0…1", "Opacity of the heatmap."),
    "colormap": ("NAME", "jet, turbo, viridis, inferno, …"),
    "mirror": ("", "Flip left and right."),
    "loop": ("", "Start a file again at its end."),
    "full_screen": ("", "Start in full screen."),
    "no_window": ("", "Show nothing; record or count only."),
    "seconds": ("N", "End after so long."),
    "stats": ("PATH", "Write counts, rates and delays as JSON."),
}

SERVE: Usual = {
    "host": ("ADDRESS", "0.0.0.0 for the whole network."),
    "port": ("N", "0 for any free one."),
    "viewers": ("open|key", "Who may look: all, or who has a key."),
    "certfile": ("PATH", "Certificate for HTTPS, PEM."),
    "keyfile": ("PATH", "Its key, PEM."),
    "language": ("CODE", "en, fr, de, or one of your own."),
    "kiosk": ("", "Exhibit: unattended, for days."),
    "attract": ("PATH", "Video for when nobody is there."),
    "allow": ("CLASS", "A class that visitors may ask for."),
    "hours": ("TEXT", "'Mon-Fri 09:00-17:00'"),
    "settings": ("PATH", "File that keeps what staff change."),
    "print_unit": ("", "Print a systemd unit."),
    "model": ("NAME|PATH", "A name, or a model file or folder."),
    "labels": ("PATH", "A file of class names."),
    "targets": ("CLASS", "Class to explain; repeat for two."),
    "method": ("NAME", "Formula of the heatmap."),
    "layer": ("NAME", "Target layer; repeat to fuse several."),
    "mirror": ("", "Flip left and right."),
    "loop": ("", "Start a file again at its end."),
    "seconds": ("N", "End after so long."),
}

EVALUATE: Usual = {
    "model": ("NAME|PATH", "Name or path; repeat to compare."),
    "labels": ("PATH", "A file of class names."),
    "method": ("NAME", "Formula; repeat to compare."),
    "layer": ("NAME", "Target layer; repeat to compare, a+b to fuse."),
    "recommend": ("", "Name the method and layer to use."),
    "frames": ("N", "Frames to change and ask the model about."),
    "roi": ("PLACE", "Where the evidence ought to lie."),
    "event": ("TIME", "When it ought to lie, of a video classifier."),
    "protocols": ("", "Measure as papers do, too; slow."),
    "no_sanity": ("", "Leave out the check with random weights."),
    "json_path": ("PATH", "Write the table as JSON."),
    "csv_path": ("PATH", "Write the table as CSV."),
}
