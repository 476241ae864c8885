"""An explanation drawn on its picture: heat (``overlay``), the panel of classes (``panel``), a window's lines (``status``)."""
