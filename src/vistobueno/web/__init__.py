"""The station over HTTP: one port for pages, API, inference protocol and operation. It translates; the station decides."""
