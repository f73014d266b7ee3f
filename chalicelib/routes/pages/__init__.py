"""The customer's page: HTML for browsers, with a session in a cookie that no other route looks at."""
