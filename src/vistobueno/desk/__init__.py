"""The pages of the station: what people see, one file each. Decisions are the station's; here they are only shown."""
