"""Looking after what runs: status, logs, releases, the way back, and commands beside the app."""
