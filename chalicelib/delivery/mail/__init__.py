"""Messages as mails."""
