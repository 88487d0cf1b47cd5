"""What runs, and who keeps it running?

up.py             `webhooks up`: one story from an empty folder to a sign-in link
instance.py       the folder for all that is kept on this machine; one `up` at a time
dev_env.py        instance/dev.env: what every command in this checkout finds
ports.py          is the port free, and which other one is?
redis_server.py   the Redis of somebody else, the one on the PATH, or the embedded one
programs.py       web, clock, workers, Redis: their commands and their order
supervise.py      these programs as a configuration for supervisor
foreman.py        supervisor, in this process; tells the person what matters and nothing else
leftovers.py      processes that survived a killed `up`
welcome.py        what the person reads
web_entry.py      what gunicorn serves inside another application
gunicorn_settings.py  gunicorn's settings, from ours
gunicorn_log.py   gunicorn's logs, without secrets
worker.py, clock.py   the programs of our own
redis_client.py   how Redis is reached
rq_queue.py       the engine's queue, on RQ; rq_job.py says what a job may do
rq_keys.py, rq_facts.py   whether RQ's keys are what it takes them for; what it says of itself
"""
