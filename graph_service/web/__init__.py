"""One module for each face of the service; each has a `router(service)` that the app includes."""
