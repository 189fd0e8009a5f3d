"""``/campaigns``: what is in force, offers as they are made, and the editor with its linter and rehearsal."""
