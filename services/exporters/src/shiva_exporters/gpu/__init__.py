"""One machine's GPUs, from the driver to Prometheus."""
