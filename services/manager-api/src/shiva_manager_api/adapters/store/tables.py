"""The tables as this version of the code knows them; `migrations/` makes them."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Enum,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from shiva_manager_api.adapters.store.columns import Moment, Scopes, Several, Words
from shiva_manager_api.domain.people import DeviceState

REVISION = "0001"  # of `migrations/versions/` that makes these; later ones sort after earlier ones

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

people = Table(
    "people", metadata,
    Column("name", Words, primary_key=True),
    Column("issuer", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("email", Words),
    Column("hosted_domain", Words),
    Column("groups", Several, nullable=False),
    Column("shown_name", Words, nullable=False),
    Column("picture", Words),
    Column("first_login_at", Moment, nullable=False),
    Column("last_login_at", Moment, nullable=False),
    Column("barred", Words),
    UniqueConstraint("issuer", "subject"),
)  # fmt: skip

session_ends = Table(  # apart, because a name may have sessions and no person: of before a backup, say
    "session_ends", metadata,
    Column("name", Words, primary_key=True),
    Column("ended_before", Moment, nullable=False),
)  # fmt: skip

tokens = Table(
    "tokens", metadata,
    Column("id", Words, primary_key=True),
    Column("owner", Words, nullable=False, index=True),
    Column("label", Words, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("scopes", Scopes, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("last_used_from", Words),
    Column("revoked_at", Moment),
)  # fmt: skip

device_logins = Table(
    "device_logins", metadata,
    Column("device_digest", LargeBinary, primary_key=True),
    Column("user_code", Words, nullable=False, unique=True),
    Column("client", Words, nullable=False),
    Column("asked_from", Words, nullable=False),
    Column("scopes", Scopes, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("state", Enum(DeviceState, native_enum=False, length=20, values_callable=list), nullable=False),
    Column("owner", Words),
    Column("days", Integer),
    Column("polled_at", Moment),
)  # fmt: skip

audit_log = Table(
    "audit_log", metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), CheckConstraint("id > 0", name="id"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", Words, nullable=False),
    Column("client", Words, nullable=False),
    Column("token_id", Words),
    Column("action", Words, nullable=False),
    Column("target", Words, nullable=False),
    Column("outcome", Words, nullable=False),
    Column("request_id", Words),
    Column("facts", JSON, nullable=False),
    Index("ix_audit_log_actor", "actor", "id"),
    Index("ix_audit_log_target", "target", "id"),
)  # fmt: skip

quotas = Table(
    "quotas", metadata,
    Column("name", Words, primary_key=True),
    Column("containers", Integer),
    Column("gpus", Integer),
)  # fmt: skip

announcements = Table(  # at most one row
    "announcements", metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one"), primary_key=True),
    Column("text", Words, nullable=False),
    Column("level", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ends_at", Moment),
)  # fmt: skip

start_requests = Table(
    "start_requests", metadata,
    Column("owner", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("fingerprint", Words, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("container_id", Words),
    Column("launch_id", Words),
)  # fmt: skip

idle_book = Table(  # one row, made by the migration: whoever writes locks it
    "idle_book", metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one"), primary_key=True),
    Column("state", Text, nullable=False),
)  # fmt: skip
