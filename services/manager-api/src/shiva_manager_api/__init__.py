"""The head: who may do what, and one truth about machines and containers for every screen."""
