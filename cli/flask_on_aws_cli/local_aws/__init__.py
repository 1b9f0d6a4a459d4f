"""The local AWS: an AWS endpoint on this machine behind which services, load balancers and databases really run."""
