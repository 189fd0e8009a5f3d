"""The ops page: what needs somebody, what to do next, and everything that proves itself or does not."""
