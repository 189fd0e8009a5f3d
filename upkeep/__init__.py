"""How a box and central look after themselves: findings, certificates, sealed files. Imports contract alone."""
