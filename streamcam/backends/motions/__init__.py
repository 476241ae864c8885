"""The bundled video classifier: what moves how. Its network, the clips that it was trained on, and how."""
