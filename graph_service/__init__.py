"""The Imaging Survey: public in-vivo imaging archives and their software, as a linked-data knowledge graph."""

from __future__ import annotations

__version__ = "2026.11"
