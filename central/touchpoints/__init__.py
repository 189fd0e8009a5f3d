"""Consented member <-> anonymous visitor, with a confidence; never without consent."""
