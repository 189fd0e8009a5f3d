"""Cameras on the camera LAN: found, asked what they send, tried, and told what to set."""
