"""The local AWS: an AWS endpoint on this machine whose services, load balancers and databases really run."""
