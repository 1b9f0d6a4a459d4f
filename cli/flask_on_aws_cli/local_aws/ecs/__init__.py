"""ECS on this machine: its services and tasks really run, and the API reports their state."""
