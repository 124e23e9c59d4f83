"""What everything else is built of: runs, roles, rules, findings, settings. Imports nothing else of ours."""
