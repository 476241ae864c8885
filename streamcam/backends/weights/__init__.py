"""The bundled weights, and the script that made them."""
