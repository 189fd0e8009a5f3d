"""REST under /v1: OpenAPI, bearer tokens by role, problem+json."""
