"""Every effect: files, journal, network, locks."""
