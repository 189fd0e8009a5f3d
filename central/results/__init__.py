"""What offers came to: uplift against the holdout, what may be ascribed to it, funnel, tenants, pairs of shops."""
