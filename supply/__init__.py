"""What comes from others: the lock, the licences and the advisories of what production installs."""
