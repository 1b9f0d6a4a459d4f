"""Sessions with running tasks: commands, shells, tunnels and database clients, without a bastion or AWS's plugin."""
