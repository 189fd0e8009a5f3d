"""Figures about the mall as they may leave central: those about fewer than k people are withheld."""
