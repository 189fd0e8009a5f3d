"""Zones, tripwires and walls of a floor: drawing, checking, tenants, import and export."""
