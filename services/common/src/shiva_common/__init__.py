"""What every service must do alike, with nothing but the standard library.

The list is closed: `env` (settings), `bearer` (tokens between services), `identity` (the signed header), `logs` (JSON lines)
and `problems` (RFC 9457). A sixth module needs a decision: used by three services, or security that must be identical on both sides.
"""
