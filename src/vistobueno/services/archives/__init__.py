"""Archives of photographs, however large: what is in one, judged once, kept as Parquet, compared, taken into the station."""
