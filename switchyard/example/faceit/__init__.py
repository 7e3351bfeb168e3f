"""The files of the FACEIT bot: data.json, and the matches that only Switchyard keeps."""
