"""The broker's containers for Prometheus: whose, where, since when, last used when."""
