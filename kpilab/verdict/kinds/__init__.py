"""What speaks for each kind of cause; one file per kind."""
