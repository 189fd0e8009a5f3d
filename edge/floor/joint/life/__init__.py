"""Who appears, who is lost and found again, and who are one."""
