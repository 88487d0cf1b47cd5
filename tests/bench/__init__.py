"""How fast is it, against the naive way? `python -m tests.bench` runs every case of `cases/`.

cases/       what is measured: one small file each
race         one measurement: worker and publisher as processes, from publishing to the last outcome
scene        our processes at work on listeners of a case's choosing; the case publishes
loop         the limit: one thread that only sends
counted      what is asked of the database and of Redis
contestant   the entry of such a process; ours and baseline are the sides that it can take
ground       what both sides stand on: a Redis, a receiver, a fresh database
figures      the numbers, and whether they hold; report prints and keeps them, progress is for who waits
"""
