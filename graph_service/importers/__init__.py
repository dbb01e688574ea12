"""One module for each machine-readable source; each turns a snapshot into facts in the survey's words."""
