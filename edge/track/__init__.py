"""Detections of one camera to tracks: Kalman foot points, two-stage exact association, no ids on what never moved."""
