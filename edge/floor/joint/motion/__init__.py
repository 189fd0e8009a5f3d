"""How people move, and what a box says of where one stands."""
