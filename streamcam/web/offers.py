"""What visitors are offered at first: things that a child knows, and words that a family need not meet. Staff change it."""

from __future__ import annotations

# Names of ImageNet's classes, which have a drawing in ``static/tiles.svg``.
TILES = (
    "tabby",
    "golden retriever",
    "banana",
    "Granny Smith",
    "orange",
    "coffee mug",
    "teddy",
    "umbrella",
    "sunglasses",
    "soccer ball",
    "backpack",
    "cellular telephone",
)
CHALLENGES = ("banana", "teddy", "umbrella", "sunglasses", "coffee mug", "soccer ball")
# In no search of visitors: weapons, drink and smoke, what is worn next to the skin, what frightens.
LEFT_OUT = (
    "assault rifle",
    "beer bottle",
    "beer glass",
    "bikini",
    "brassiere",
    "bulletproof vest",
    "cannon",
    "cleaver",
    "cocktail shaker",
    "gasmask",
    "guillotine",
    "hatchet",
    "holster",
    "lighter",
    "maillot",
    "maillot tank suit",
    "military uniform",
    "miniskirt",
    "missile",
    "nipple",
    "prison",
    "projectile",
    "red wine",
    "revolver",
    "rifle",
    "stinkhorn",
    "syringe",
    "tank",
    "tarantula",
    "tobacco shop",
    "warplane",
    "whiskey jug",
    "wine bottle",
)


def indices(names: tuple[str, ...], labels: tuple[str, ...]) -> tuple[int, ...]:
    """Those of the names that a model has, as class indices, in this order."""
    places = {label.lower(): index for index, label in reversed(list(enumerate(labels)))}
    return tuple(places[name.lower()] for name in names if name.lower() in places)
