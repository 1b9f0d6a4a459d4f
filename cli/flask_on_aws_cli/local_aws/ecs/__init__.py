"""ECS on this machine: services and tasks that really run, and an API that tells what happened to them."""
