"""What is kept, and how it is reached.

models       the tables of listeners and deliveries; people, health, echo and upkeep hold the others
base         what all of them stand on; types are their columns' types, ids what a row is called
queries      every SELECT
insert       many rows at once
database     how several processes reach it; sqlite_file says where SQLite must not stand
faults       why it refuses, in words for people
migrations   which tables there should be, and whether they are there
"""
