"""Stores of photographs: a folder, S3, the database."""
