"""The parts of the results page, by name."""

PARTS = {
    "campaigns": "/results",
    "funnel": "/results/funnel",
    "tenants": "/results/tenants",
    "pairs": "/results/pairs",
}
