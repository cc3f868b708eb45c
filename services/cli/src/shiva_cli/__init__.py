"""The command `shiva`: the manager's API from a terminal, through the door like everybody."""
