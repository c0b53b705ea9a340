"""What an inspection is made of, without files, databases or HTTP. Pure."""
