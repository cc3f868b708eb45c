"""What is remembered about people, and of idle containers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)

# The log's lines are for ever: the database itself refuses, whoever asks. INSERT OR REPLACE would remove a line unseen.
SQLITE = (
    "CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER audit_log_delete BEFORE DELETE ON audit_log"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER audit_log_replace BEFORE INSERT ON audit_log WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION audit_log_refuses() RETURNS trigger LANGUAGE plpgsql"
    " AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
    "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuses()",
)


def upgrade() -> None:
    """Make the tables."""
    _people()
    _tokens()
    _audit_log()
    op.create_table(
        "quotas",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("containers", sa.Integer),
        sa.Column("gpus", sa.Integer),
    )
    op.create_table(
        "announcements",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one"), primary_key=True),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("ends_at", TIME),
    )
    op.create_table(
        "start_requests",
        sa.Column("owner", TEXT, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("container_id", TEXT),
        sa.Column("launch_id", TEXT),
    )
    op.create_index("ix_start_requests_at", "start_requests", ["at"])
    book = op.create_table(
        "idle_book",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one"), primary_key=True),
        sa.Column("state", TEXT, nullable=False),
    )
    op.bulk_insert(book, [{"id": 1, "state": ""}])


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("email", TEXT),
        sa.Column("hosted_domain", TEXT),
        sa.Column("groups", sa.JSON, nullable=False),
        sa.Column("shown_name", TEXT, nullable=False),
        sa.Column("picture", TEXT),
        sa.Column("first_login_at", TIME, nullable=False),
        sa.Column("last_login_at", TIME, nullable=False),
        sa.Column("barred", TEXT),
        sa.UniqueConstraint("issuer", "subject", name="uq_people_issuer_subject"),
    )
    op.create_table(
        "session_ends", sa.Column("name", TEXT, primary_key=True), sa.Column("ended_before", TIME, nullable=False)
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME),
        sa.Column("last_used_from", TEXT),
        sa.Column("revoked_at", TIME),
    )
    op.create_index("ix_tokens_owner", "tokens", ["owner"])
    op.create_table(
        "device_logins",
        sa.Column("device_digest", sa.LargeBinary, primary_key=True),
        sa.Column("user_code", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("asked_from", TEXT, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("owner", TEXT),
        sa.Column("days", sa.Integer),
        sa.Column("polled_at", TIME),
        sa.UniqueConstraint("user_code", name="uq_device_logins_user_code"),
    )


def _audit_log() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "audit_log",
        sa.Column(
            "id",
            sa.BigInteger if postgresql else sa.Integer,
            sa.CheckConstraint("id > 0", name="id"),
            primary_key=True,
        ),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("token_id", TEXT),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("request_id", TEXT),
        sa.Column("facts", sa.JSON, nullable=False),
    )
    op.create_index("ix_audit_log_actor", "audit_log", ["actor", "id"])
    op.create_index("ix_audit_log_target", "audit_log", ["target", "id"])
    for statement in POSTGRESQL if postgresql else SQLITE:
        op.execute(statement)
