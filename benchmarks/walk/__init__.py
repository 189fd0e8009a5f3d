"""The walk test on the twin: one installer, rendered and detected, and calibrations disturbed on purpose."""
