"""Coupons: what one is worth, its code, its stock, its use at a till, and who pays for it."""
