"""Makes from the code what can be made: the pages of docs/, the schemas, the default configuration."""
