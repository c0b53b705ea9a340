"""The API of the station, `/api/v1`."""
