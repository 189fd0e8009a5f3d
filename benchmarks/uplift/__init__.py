"""A campaign that does something, and one that does nothing, measured daily: is the truth found, and only the truth?"""
