"""The lunchtime-coupon trigger service: knows only central's public API."""
