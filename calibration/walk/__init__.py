"""The walk test: one installer walks a floor, and the cameras that see it are fitted to one another."""
