"""The mall's service: ingest, store, insight, offers, API and pages. Imports contract, calibration."""
