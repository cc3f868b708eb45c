"""The only hand on the engine: starts, stops and lists notebook containers."""
