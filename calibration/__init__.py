"""Between camera and floor: lens, pose, site, zones. Imports contract."""
