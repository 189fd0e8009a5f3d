"""Both floors of the twin for twenty minutes: identity on each floor, visits, and people followed across floors."""
