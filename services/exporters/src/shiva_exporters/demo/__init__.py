"""Simulated machines for `make demo`: the real pipeline with a fake sensor."""
