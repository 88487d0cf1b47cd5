"""The door for people: pages, one file a noun. Reads go to the queries, writes to the engine."""
