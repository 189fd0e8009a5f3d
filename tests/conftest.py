"""No property is given a time limit: its first example may compile a kernel."""

from hypothesis import settings

settings.register_profile("atrium", deadline=None)
settings.load_profile("atrium")
