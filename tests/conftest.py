"""Property tests fail for wrong answers, never because a machine was busy."""

from hypothesis import settings

settings.register_profile("shiva", deadline=None)
settings.load_profile("shiva")
