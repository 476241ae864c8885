"""Does strength tell what the model knows? Right answers against wrong ones and nothings, and wide pictures against crops.

    python tests/benchmarks/certainty.py [--model NAME] [--photographs FOLDER]

Without a folder: 80 views of five photographs that scikit-image ships (cat, espresso, moped, tripod, missile), in crops,
mirrored, darker and brighter, and 80 pictures of nothing. With one: its photographs, whose names end in the name of their
class (``n02123045_tabby.jpg``, ``great_white_shark.jpg``) or that lie in a folder of that name, and a fifth as many nothings.

``AUROC``: how well a number tells right answers from all others (Fawcett 2006, doi:10.1016/j.patrec.2005.10.010).
``calibration``: expected calibration error over fifteen bins (Guo et al. 2017, arXiv:1706.04599).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from makers.known import area_under_curve, nothings, views_of_known

from streamcam import Frame, GradCAM, load_model
from streamcam.models.labels import imagenet_labels
from streamcam.steady.heat import unsteadied
from streamcam.types import UInt8Array

WIDE = 1.25  # width over height, at least


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one picture.

    Attributes:
        is_right: None for a nothing.
    """

    is_right: bool | None
    verdict: str
    heat: float
    strength: float
    probability: float
    margin: float
    peak: float


def photographs_in(folder: Path) -> Iterator[tuple[UInt8Array, frozenset[str]]]:
    """Photographs with the name of their class."""
    for path in sorted(folder.rglob("*")):
        image = cv2.imread(str(path)) if path.suffix.lower() in (".jpg", ".jpeg", ".png") else None
        if image is not None:
            stem = path.stem.replace("_", " ").lower()
            ways = {stem, stem.partition(" ")[2], path.parent.name.replace("_", " ").lower()}
            yield np.asarray(image, np.uint8), frozenset(ways)


def asked(explain: GradCAM, image: UInt8Array, names: frozenset[str] | None) -> Answer:
    """Ask about one picture, and show it as a picture by itself is shown."""
    [(_, shown)] = unsteadied([(Frame(image, 0, 0.0), explain(image))])
    assert shown is not None and shown.heat is not None and shown.strength is not None  # noqa: PT018
    (best, first), (_, second) = shown.top(2)
    is_right = None if names is None else explain.labels[best].lower() in {name.lower() for name in names}
    return Answer(
        is_right,
        shown.verdict or "",
        float(shown.heat.mean()),
        float(shown.strength[0]),
        first,
        first - second,
        float(shown.heatmaps.max()) * shown.heatmaps[0].size,
    )


def calibration(answers: list[Answer]) -> float:
    """The expected calibration error of the probabilities."""
    p = np.array([a.probability for a in answers])
    right = np.array([bool(a.is_right) for a in answers])
    bins = np.minimum((p * 15).astype(int), 14)
    return float(sum(abs(p[bins == b].sum() - right[bins == b].sum()) for b in range(15)) / len(p))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="efficientnet-lite0")
    parser.add_argument("--photographs", type=Path)
    given = parser.parse_args()
    explain = GradCAM(load_model(given.model), precision="f32")
    labels = frozenset(name.lower() for name in imagenet_labels())
    found = list(photographs_in(given.photographs) if given.photographs else views_of_known())
    known = [(image, names) for image, names in found if {name.lower() for name in names} & labels]
    some = [image for image, _ in known]
    empty = list(nothings(len(known) // 5 if given.photographs else len(known), some))
    answers = [asked(explain, image, names) for image, names in known] + [asked(explain, i, None) for i in empty]

    right = [a for a in answers if a.is_right]
    nothing = [a for a in answers if a.is_right is None]
    print(f"{given.model}: {len(known)} photographs, right on {len(right) / len(known):.1%}; {len(nothing)} nothings\n")
    print("| number | AUROC, right against wrong and nothing |\n| --- | --- |")
    for name in ("strength", "probability", "margin", "peak"):
        print(
            f"| {name} | {area_under_curve([bool(a.is_right) for a in answers], [getattr(a, name) for a in answers]):.3f} |"
        )
    print("\n| verdict | right | wrong | nothing |\n| --- | --- | --- | --- |")
    for verdict in ("sure", "unsure", "no idea"):
        groups = ([a for a in answers if a.is_right is kind] for kind in (True, False, None))
        shares = [f"{sum(a.verdict == verdict for a in g) / len(g):.1%}" if g else "-" for g in groups]
        print(f"| {verdict} | {' | '.join(shares)} |")
    ratio = np.mean([a.heat for a in nothing]) / np.mean([a.heat for a in right])
    print(f"\nmean heat on nothings over that on right answers: {ratio:.3f}")

    wide = [(image, names) for image, names in known if image.shape[1] >= WIDE * image.shape[0]]
    print(
        f"\n| {len(wide)} wide pictures | accuracy | calibration | mean probability where right |\n| --- | --- | --- | --- |"
    )
    for fit in ("crop", "native"):
        fitted = GradCAM(explain.classifier, precision="f32", fit=fit)  # type: ignore[arg-type]
        found_wide = [asked(fitted, image, names) for image, names in wide]
        sure = [a.probability for a in found_wide if a.is_right]
        accuracy = len(sure) / len(found_wide)
        print(f"| {fit} | {accuracy:.3f} | {calibration(found_wide):.3f} | {np.mean(sure):.3f} |")


if __name__ == "__main__":
    main()
