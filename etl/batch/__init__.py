"""The scheduled job: every job of a jobs file, unattended, each with its own run."""
