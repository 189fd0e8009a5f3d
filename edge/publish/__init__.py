"""Brings the outbox to central over MQTT, and live messages beside it. Imports contract and edge.outbox."""
