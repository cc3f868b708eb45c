"""What the manager remembers, in SQLite or PostgreSQL; nobody outside of this folder sees SQLAlchemy."""
