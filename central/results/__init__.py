"""What offers came to: uplift against the holdout, what may be ascribed to a campaign, funnel, tenants, pairs of shops."""
