"""The command `shiva`: the manager's API from a terminal, through the door like everybody."""

from importlib.metadata import version

__version__ = version("shiva-cli")
