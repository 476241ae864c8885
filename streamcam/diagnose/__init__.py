"""What this machine can do: what each stage costs (``bench``), and what is missing (``doctor``)."""
