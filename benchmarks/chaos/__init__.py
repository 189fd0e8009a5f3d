"""A camera LAN, a box and central as three hosts on one machine, and what random faults do to them."""
