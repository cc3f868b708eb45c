"""The data plane: asyncio protocols that parse one head with llhttp, ask the door, and then move bytes."""
