"""The eyes: exporters for Prometheus. They read and report; they never remember, smooth or guess."""
