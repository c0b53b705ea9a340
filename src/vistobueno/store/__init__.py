"""What a station keeps: the database, the photographs, and one file of both. It judges nothing and knows no web."""
