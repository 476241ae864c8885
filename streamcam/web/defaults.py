"""The settings that the page starts with and goes back to, and how staff change them.

A setting that staff can change is a field of both classes here and is applied in ``PageDefaults.apply_to``; the rest of
the program passes it on. The page's controls for it are in ``static/staff.js`` and ``static/staff.html``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

import msgspec

from streamcam.choices import BlendMode, Method
from streamcam.live.controls import COLORMAPS, Controls
from streamcam.settings import PAGE_PICTURE

_MAX_ALLOWED, _MAX_FEW = 500, 24
Offer: TypeAlias = Literal["find", "challenge", "cover", "compare", "phones"]

LanguageCode = Annotated[str, msgspec.Meta(max_length=20)]
ColormapName = Annotated[str, msgspec.Meta(pattern=rf"^({'|'.join(COLORMAPS)})\Z")]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
ClassIndex = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]  # what JavaScript has as an exact number
AllowedClasses = Annotated[tuple[ClassIndex, ...], msgspec.Meta(max_length=_MAX_ALLOWED)]
FewClasses = Annotated[tuple[ClassIndex, ...], msgspec.Meta(max_length=_MAX_FEW)]

# What the page lists to choose from, besides the colour maps and the languages.
CHOICES: dict[str, tuple[str, ...]] = {
    "methods": get_args(Method),
    "blends": get_args(BlendMode),
    "offers": get_args(Offer),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDefaults:
    """What the page shows when no visitor has changed anything.

    Attributes:
        language: of the page, a code as in the name of its file.
        colormap: one of ``streamcam.live.controls.COLORMAPS``.
        alpha: the heatmap's opacity, 0…1.
        blend: how the heatmap is laid over the frame, see ``streamcam.drawing.colours.blend``.
        method: the formula of the heatmap.
        allowed: the class indices that visitors may ask for, none for all.
        tiles: the classes that are offered as pictures, none for those that every child knows.
        challenges: the classes of "make it say", none for the usual ones.
        offers: what visitors find to do, besides looking.
    """

    language: str = "en"
    colormap: str = "jet"
    alpha: float = PAGE_PICTURE.alpha
    blend: BlendMode = PAGE_PICTURE.mode
    method: Method = "gradcam"
    allowed: tuple[int, ...] = ()
    tiles: tuple[int, ...] = ()
    challenges: tuple[int, ...] = ()
    offers: tuple[Offer, ...] = ("find", "challenge", "cover", "compare")

    @classmethod
    def of(cls, controls: Controls, *, language: str, allowed: tuple[int, ...]) -> Self:
        """The settings that a session's controls have at first."""
        return cls(
            language=language,
            colormap=controls.overlay.colormap,
            alpha=controls.overlay.alpha,
            blend=controls.overlay.mode,
            method=controls.method,
            allowed=allowed,
        )

    def apply_to(self, controls: Controls) -> None:
        """Let a session draw and explain by these settings."""
        controls.method = self.method
        controls.overlay = replace(controls.overlay, colormap=self.colormap, alpha=self.alpha, mode=self.blend)

    def changed(self, change: ChangeDefaults) -> Self:
        """These settings with those that a change names."""
        values = change.given()
        for name, value in values.items():
            if isinstance(value, tuple):
                values[name] = tuple(dict.fromkeys(value))
        return replace(self, **values)


class ChangeDefaults(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="settings"
):
    """A message of the staff page, and the content of the settings file: what is None stays as it is.

    Values outside their ranges and unknown names are refused where it is read. The fields are those of ``PageDefaults``;
    ``allowed=()`` allows every class.
    """

    language: LanguageCode | None = None
    colormap: ColormapName | None = None
    alpha: Share | None = None
    blend: BlendMode | None = None
    method: Method | None = None
    allowed: AllowedClasses | None = None
    tiles: FewClasses | None = None
    challenges: FewClasses | None = None
    offers: tuple[Offer, ...] | None = None

    def given(self) -> dict[str, Any]:
        """The settings that are to change, by their names."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
