"""What is wrong with the appliance, who sees to it, and what to do next."""
