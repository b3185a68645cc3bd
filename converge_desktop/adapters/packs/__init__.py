"""Packs: what a run asks, what binds it, who decides and which models take part."""
