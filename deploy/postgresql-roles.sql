-- Two roles: webhooks_owner migrates (`flask --app wsgi webhooks migrate`), webhooks runs everything else. Run it once
-- as an administrator, in the application's own database, before the first migration; then set a password for each.
CREATE ROLE webhooks_owner LOGIN;
CREATE ROLE webhooks LOGIN;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO webhooks_owner;
GRANT USAGE ON SCHEMA public TO webhooks;
ALTER DEFAULT PRIVILEGES FOR ROLE webhooks_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO webhooks;
-- After the first migration, as webhooks_owner: what the audit log holds stays as it was written.
-- REVOKE UPDATE, DELETE ON webhooks_audit FROM webhooks;
