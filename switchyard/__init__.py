"""What a bot imports. So far: an example store to try the migration on."""
