"""The site's small certificate authority: one-time codes, certificates for boxes, renewal, revocation."""
