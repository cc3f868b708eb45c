"""The door without Shiva: a drop-in for configurable-http-proxy, fed by its REST API. `docs/standalone.md`."""
