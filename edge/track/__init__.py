"""Detections of one camera to tracks: Kalman foot points, exact association in rounds, no ids on what never moved."""
