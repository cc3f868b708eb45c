"""The door: login, the dashboard, and every byte between people and their notebooks."""
