"""The carrier's end of the sessions: a carrier that behaves as scripted, for rehearsals and tests."""
