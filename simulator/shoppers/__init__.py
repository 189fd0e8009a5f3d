"""A day of shoppers without pictures: who walks where, pays at which till, checks in at which code; and how it is seen.

For linking and for what offers do: two thousand people in minutes, with the truth beside what cameras and tills tell.
"""
